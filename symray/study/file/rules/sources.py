"""Rules on what a study file points at."""

from symray.data import DATA_SETS
from symray.errors import nearest
from symray.study.file.options import NpzData
from symray.study.file.problem import StudyFileError
from symray.study.file.study_file import StudyFile


def npz_exists(file: StudyFile) -> None:
    """A data file must be there; what is in it is checked when it is opened."""
    if isinstance(file.data, NpzData) and not file.data.npz.is_file():
        raise StudyFileError(("data", "npz"), f"there is no file {file.data.npz}")


def data_exist(file: StudyFile) -> None:
    """A data set's name must be a built-in one."""
    if isinstance(file.data, str) and file.data not in DATA_SETS:
        raise StudyFileError(
            ("data",),
            f"there is no data set '{file.data}'{nearest(file.data, DATA_SETS)} "
            "(own data are written {npz: FILE, x: X, y: Y})",
        )
