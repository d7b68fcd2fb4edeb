"""Rules on what a study file points at."""

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
