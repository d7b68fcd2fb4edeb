"""Where studies live on this machine, and what they are called."""

import os
from pathlib import Path

from symray.errors import UserError, nearest

NOT_STUDIES = frozenset({"mlflow.db", "mlartifacts", "mlflow-ui.log", "Default"})
"""Names in the home folder, or of an experiment in MLflow, that no study can have."""


def home() -> Path:
    """``SYMRAY_HOME``, or ``runs`` in the current folder."""
    return Path(os.environ.get("SYMRAY_HOME") or "runs").resolve()


def study_names() -> list[str]:
    """Names of the studies under :func:`home`, in order of their launch."""
    if not home().is_dir():
        return []
    files = home().glob("*/study.yaml")
    return [path.parent.name for path in sorted(files, key=lambda path: path.stat().st_mtime)]


def make_study_folder(name: str) -> Path:
    """The folder of study ``name``, made where it is missing.

    Raises:
        UserError: it can't be made.
    """
    folder = home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder} can't be made: {error.strerror}; set SYMRAY_HOME to a folder that you may "
            "write to"
        ) from None
    return folder


def study_exists(name: str) -> bool:
    """Whether there is a study ``name`` here, or on the store that ``SYMRAY_STORE`` names.

    Raises:
        UserError: the store doesn't answer.
    """
    if (home() / name / "study.yaml").is_file():
        return True
    if not os.environ.get("SYMRAY_STORE"):
        return False
    from symray.record.object_store.copies import is_taken

    return is_taken(name)


def find_study(name: str) -> Path:
    """The folder of study ``name``, brought here from the store where there is one.

    Raises:
        UserError: no such study, names the nearest one; or it isn't here and the store doesn't
            answer.
    """
    folder = home() / name
    if os.environ.get("SYMRAY_STORE"):
        _refresh(folder)
    if not (folder / "study.yaml").is_file():
        names = study_names()
        hint = nearest(name, names) if names else "; there are no studies yet: `symray launch FILE`"
        raise UserError(f"there is no study '{name}' in {home()}{hint}")
    return folder


def _refresh(folder: Path) -> None:
    from symray.record.object_store.copies import refresh
    from symray.record.object_store.objects import Store, StoreAwayError

    try:
        store = Store.from_environment()
        assert store is not None
        refresh(store, folder)
    except StoreAwayError:
        if not (folder / "study.yaml").is_file():
            raise
