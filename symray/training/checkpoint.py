"""Checkpoints that exist whole or not at all, on a local disk, a shared folder or an object store.

A checkpoint is a folder ``EPOCH-ATTEMPT`` whose ``manifest.json`` is written last and holds size
and SHA-256 of every other file. A folder whose files don't match its manifest isn't a checkpoint:
nothing is renamed, nothing needs to be synchronised, and nothing is unpickled.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load, save

from symray.errors import UserError
from symray.training.trainer import TrainerState

MANIFEST = "manifest.json"
_MODEL = "model.safetensors"
_OPTIMISER = "optimiser.safetensors"
_GENERATOR = "generator.safetensors"
_STATE = "state.json"
_NAME = re.compile(r"(\d+)-(\d+)")
_FILES = {_MODEL, _OPTIMISER, _GENERATOR, _STATE}


def write_checkpoint(
    root: Path, state: TrainerState, epoch: int, attempt: int, extra: dict[str, Any]
) -> Path:
    """Write ``state`` below ``root``.

    Args:
        root: folder of one trial's checkpoints, made if need be.
        state: of the trainer, at the end of an epoch.
        epoch: names the folder; the trial's, which counts on where the trainer's begins anew.
        attempt: which start of the trial writes; keeps a retry from writing over its predecessor.
        extra: plain JSON of the caller's, given back by :func:`read_checkpoint`.
    """
    folder = root / f"{epoch:06d}-{attempt:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    files = {
        _MODEL: save(state.model),
        _OPTIMISER: save(state.optimiser),
        _GENERATOR: save({"state": state.generator}),
        _STATE: json.dumps(
            {"epoch": state.epoch, "drawn_on": state.drawn_on, "extra": extra}
        ).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_text(json.dumps(_manifest(files), indent=1))
    return folder


def newest_checkpoint(root: Path) -> Path | None:
    """The whole checkpoint below ``root`` with the highest epoch, then attempt, if there is one."""
    return next((folder for folder in _folders(root) if _content(folder) is not None), None)


def read_checkpoint(path: Path) -> tuple[TrainerState, dict[str, Any]]:
    """State and extra of the checkpoint ``path``.

    Raises:
        UserError: it isn't whole.
    """
    files = _content(path)
    if files is None:
        raise UserError(f"checkpoint {path} is damaged or incomplete; use another one")
    state = json.loads(files[_STATE])
    return (
        TrainerState(
            epoch=state["epoch"],
            model=load(files[_MODEL]),
            optimiser=load(files[_OPTIMISER]),
            generator=load(files[_GENERATOR])["state"],
            drawn_on=state.get("drawn_on", "cpu"),  # as all were before it was written down
        ),
        state["extra"],
    )


def remove_old_checkpoints(root: Path, keep: int = 2) -> None:
    """Remove all but the newest ``keep`` whole checkpoints below ``root``, and older remains.

    What is newer than those and not whole is left: it may be being written.
    """
    whole = 0
    for folder in _folders(root):
        if whole == keep:
            (folder / MANIFEST).unlink(missing_ok=True)  # half removed, it must not exist
            shutil.rmtree(folder)
        elif _content(folder) is not None:
            whole += 1


def _folders(root: Path) -> list[Path]:
    """Candidates below ``root``, the newest first."""
    found = [
        (int(name[1]), int(name[2]), folder)
        for folder in (root.iterdir() if root.is_dir() else ())
        if (name := _NAME.fullmatch(folder.name))
    ]
    return [folder for _, _, folder in sorted(found, reverse=True)]


def _content(folder: Path) -> dict[str, bytes] | None:
    """The files of a checkpoint by name, or None if it isn't whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        files = {name: (folder / name).read_bytes() for name in _FILES}
    except (OSError, ValueError):
        return None
    return files if manifest == _manifest(files) else None


def _manifest(files: Mapping[str, bytes]) -> dict[str, dict[str, int | str]]:
    return {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
    }
