"""What optuna-dashboard keeps in a study's system attributes: notes, and which files it shows."""

import hashlib
import json
import mimetypes
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from optuna.artifacts.exceptions import ArtifactNotFound

from symray.errors import UserError


def note_attributes(trial_id: int | None, text: str) -> dict[str, Any]:
    """A note in Markdown as attributes of the study; of a trial where ``trial_id`` names one."""
    of = "dashboard:" if trial_id is None else f"dashboard:{trial_id}:"
    return {f"{of}note_ver": zlib.crc32(text.encode()), f"{of}note_str:0": text}


class Files:
    """Files that the dashboard may show, as Optuna's artifact store; it writes none."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}

    def show(self, paths: Iterable[Path]) -> dict[str, str]:
        """Attributes that show those of ``paths`` which are there, of a study or of a trial."""
        attributes = {}
        for path in paths:
            if path.exists():
                key = self.key(path)
                kind, encoding = mimetypes.guess_type(path.name)
                described = {"artifact_id": key, "filename": path.name, "mimetype": kind}
                attributes[f"artifacts:{key}"] = json.dumps(described | {"encoding": encoding})
        return attributes

    def key(self, path: Path) -> str:
        """The name under which the dashboard asks for ``path`` from now on."""
        key = hashlib.sha256(str(path).encode()).hexdigest()[:32]
        self._paths[key] = path
        return key

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open a file.

        Raises:
            ArtifactNotFound: it is none of those that are shown, or has gone.
        """
        try:
            return self._paths[artifact_id].open("rb")
        except (KeyError, OSError):
            raise ArtifactNotFound(artifact_id) from None

    def write(self, artifact_id: str, content_body: BinaryIO) -> NoReturn:
        """Refuse."""
        raise UserError("the dashboard shows files and takes none")

    def remove(self, artifact_id: str) -> NoReturn:
        """Refuse."""
        raise UserError("the dashboard shows files and removes none")
