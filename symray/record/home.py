"""Where studies live on this machine, and what they are called."""

from pathlib import Path

from symray.errors import UserError
from symray.folders import named_folder

PRETRAINED = "_pretrained"
"""The folder, beside the studies, of what is pretrained for all of them."""


def home() -> Path:
    """``SYMRAY_HOME``, or ``runs`` in the current folder."""
    return (named_folder("SYMRAY_HOME") or Path("runs")).resolve()


def folder_of(study: str, name: str) -> str:
    """The folder of a task relative to :func:`home`, by the task's name."""
    kind, rest = name.split("-", 1)
    if kind == "pretraining":
        return f"{PRETRAINED}/{rest}"
    return f"{study}/{'trials' if kind == 'trial' else 'confirmation'}/{rest}"


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
