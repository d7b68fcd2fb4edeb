"""Rules on what a study file points at."""

from symray.data.dsprites import checked_steps
from symray.data.reading import is_file
from symray.errors import UserError, shortened
from symray.study_file.options import ImagesData, MoleculesData, NpzData, SpritesData
from symray.study_file.problem import StudyFileError
from symray.study_file.study_file import StudyFile

RESERVED = frozenset({"mlflow.db", "mlartifacts", "mlflow-ui.log", "Default"})
"""Names in the folder of all studies, or of an experiment in MLflow, that no study can have."""


def name_is_not_reserved(file: StudyFile) -> None:
    """A study's folder stands beside what is kept for all studies."""
    if file.study in RESERVED:
        raise StudyFileError(
            ("study",), f"'{file.study}' is the name of something else that is kept; choose another"
        )


def npz_exists(file: StudyFile) -> None:
    """A data file must be there; what is in it is checked when it is opened."""
    if isinstance(file.data, NpzData | ImagesData) and not is_file(file.data.npz):
        raise StudyFileError(("data", "npz"), f"there is no file {shortened(file.data.npz, 150)}")
    if isinstance(file.data, MoleculesData) and not is_file(file.data.csv):
        raise StudyFileError(("data", "csv"), f"there is no file {shortened(file.data.csv, 150)}")


def sub_grid_is_one(file: StudyFile) -> None:
    """A sub-grid of dSprites has a step for each factor, and leaves each two values or more."""
    if isinstance(file.data, SpritesData):
        try:
            checked_steps(list(file.data.dsprites))
        except UserError as error:
            raise StudyFileError(("data", "dsprites"), str(error)) from None


def data_have_the_y_that_the_model_needs(file: StudyFile) -> None:
    """A model whose loss reads Y needs targets."""
    design = file.design()
    if design.model.uses_y and design.data.y != "targets":
        raise StudyFileError(
            ("model",),
            f"{file.model} learns from Y, and {file.data_name} has "
            f"{'factors for metrics only' if design.data.y == 'factors' else 'none'}; use a model "
            "without Y, such as beta_vae, factor_vae or non_syn",
        )
