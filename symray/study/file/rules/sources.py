"""Rules on what a study file points at."""

from symray.data import DATA_SETS
from symray.errors import nearest
from symray.study.file.options import NpzData
from symray.study.file.problem import StudyFileError
from symray.study.file.study_file import StudyFile
from symray.study.home import NOT_STUDIES


def name_is_free(file: StudyFile) -> None:
    """A study's folder stands beside what is kept for all studies."""
    if file.study in NOT_STUDIES:
        raise StudyFileError(
            ("study",), f"'{file.study}' is the name of something else that is kept; choose another"
        )


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
