"""Rules on training many trials as one program."""

from symray.study_file.problem import StudyFileError
from symray.study_file.study_file import StudyFile
from symray.training.packed.key import packs


def model_packs(file: StudyFile) -> None:
    """A model that says so has no losses for many trials at once."""
    if isinstance(file.resources.pack, int) and not packs(file.design()):
        raise StudyFileError(
            ("resources", "pack"),
            f"{file.model} on {file.data_name} can't be trained in a pack; write pack: off or "
            "leave it out",
        )
