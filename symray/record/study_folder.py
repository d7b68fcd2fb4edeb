"""What lies in a study's folder besides its tasks."""

import uuid
from pathlib import Path

from symray.record.atomic import write_atomically

JOURNAL = "optuna.journal"
"""Optuna's record of the trials, where no database has it."""


def identity(folder: Path) -> str:
    """What tells the study in ``folder`` from another of its name, in a database or in MLflow.

    It gets one on first use and keeps it.
    """
    path = folder / "identity"
    if not path.exists():
        write_atomically(path, str(uuid.uuid4()))
    return path.read_text()
