"""What tells a study from another of the same name in a database or in MLflow that many share."""

import uuid
from pathlib import Path

from symray.record.atomic import write_whole


def identity(folder: Path) -> str:
    """The identity of the study in ``folder``; it gets one on first use and keeps it."""
    path = folder / "identity"
    if not path.exists():
        write_whole(path, str(uuid.uuid4()))
    return path.read_text()
