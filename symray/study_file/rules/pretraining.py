"""Rules on the pretraining."""

from symray.data import form_of
from symray.errors import UserError, nearest
from symray.study_file.options import Pretraining
from symray.study_file.problem import StudyFileError
from symray.study_file.rules.settings import check_number
from symray.study_file.study_file import StudyFile
from symray.training.settings import settings_of


def model_has_one(file: StudyFile) -> None:
    """A model must say what of it is trained without Y."""
    if isinstance(file.pretraining, Pretraining) and file.design().model.pretraining is None:
        raise StudyFileError(
            ("pretraining",), f"{file.model} has none; write pretraining: false or leave it out"
        )


def data_fit(file: StudyFile) -> None:
    """What trials begin with must be made of the same networks."""
    wanted = file.pretraining
    if not isinstance(wanted, Pretraining):
        return
    if not wanted.data:
        raise StudyFileError(
            ("pretraining",), "needs data; write pretraining: {data: NAME} with a named data set"
        )
    try:
        form = form_of(wanted.data)
    except UserError as error:
        raise StudyFileError(("pretraining", "data"), str(error)) from None
    if form.networks != file.design().data.networks:
        raise StudyFileError(
            ("pretraining", "data"),
            f"{wanted.data} needs {form.networks} networks and the study's data "
            f"{file.design().data.networks} ones; name data of the same kind",
        )


def settings_are_allowed(file: StudyFile) -> None:
    """Training settings of the model; the architecture is the trial's."""
    if not isinstance(file.pretraining, Pretraining):
        return
    known = settings_of(file.design())
    for name, value in file.pretraining.training.items():
        path = ("pretraining", "training", name)
        if name in file.design().architecture:
            raise StudyFileError(path, "is taken from the trial; set it under training")
        if name not in known:
            raise StudyFileError(path, f"{file.model} has no such setting{nearest(name, known)}")
        check_number(path, name, file, value)
