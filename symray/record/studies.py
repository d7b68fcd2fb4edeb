"""Studies by their names: whether there is one, where, and whether a driver is at work on it.

They are looked for in the home folder and, where ``SYMRAY_STORE`` names one, on the object store.
"""

import os
from pathlib import Path

from symray.errors import UserError, nearest
from symray.record.home import home, study_names
from symray.record.object_store.copies import driver_elsewhere, is_taken, refresh
from symray.record.object_store.objects import VARIABLE, Store, StoreAwayError
from symray.record.storage import is_leased
from symray.record.storage.address import is_in_database


def study_exists(name: str) -> bool:
    """Whether there is a study ``name`` here, or on the store that ``SYMRAY_STORE`` names.

    Raises:
        UserError: the store doesn't answer.
    """
    return (home() / name / "study.yaml").is_file() or is_taken(name)


def find_study(name: str) -> Path:
    """The folder of study ``name``, brought here from the store where there is one.

    Raises:
        UserError: no such study, names the nearest one; or it isn't here and the store doesn't
            answer.
    """
    folder = home() / name
    if os.environ.get(VARIABLE):
        _refresh(folder)
    if not (folder / "study.yaml").is_file():
        names = study_names()
        hint = nearest(name, names) if names else "; there are no studies yet: `symray launch FILE`"
        raise UserError(f"there is no study '{name}' in {home()}{hint}")
    return folder


def is_driven(folder: Path) -> bool:
    """Whether a driver is at work on the study in ``folder``, here or on another node."""
    if is_in_database(folder):
        return is_leased(folder)
    return is_leased(folder) or driver_elsewhere(folder) is not None


def _refresh(folder: Path) -> None:
    try:
        store = Store.from_environment()
        assert store is not None
        refresh(store, folder)
    except StoreAwayError:
        if not (folder / "study.yaml").is_file():
            raise
