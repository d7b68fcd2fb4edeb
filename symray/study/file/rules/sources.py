"""Rules on what a study file points at."""

from symray.study.file.options import NpzData
from symray.study.file.problem import StudyFileError
from symray.study.file.study_file import StudyFile


def npz_exists(file: StudyFile) -> None:
    """A data file must be there; what is in it is checked when it is opened."""
    if isinstance(file.data, NpzData) and not file.data.npz.is_file():
        raise StudyFileError(("data", "npz"), f"there is no file {file.data.npz}")
