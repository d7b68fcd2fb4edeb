"""A bundle as MLflow's pyfunc: what ``predict``, ``mlflow models predict`` and ``serve`` run."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import torch
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from symray.data import form_of
from symray.data.transforms import Pixels, Symbols
from symray.errors import UserError, nearest
from symray.training.bundle import load_bundle
from symray.training.generation import draw_x, generate, properties, wanted_values
from symray.training.loaded import LoadedModel

OUTPUTS = ("y", "codes", "reconstruction", "generate")

CODE = "SYMRAY_MODEL_CODE"
"""Names the folder of an own model's package where no ``model_config`` can."""

Answer: TypeAlias = pd.DataFrame | np.ndarray
"""A table, or of images an array (N, height, width)."""


class ServedModel(PythonModel):
    """The model of the bundle that is the artifact ``bundle``.

    Code that isn't symray's is no part of a bundle: it is imported from the folder that
    ``model_config={"code": ...}`` or the environment's ``SYMRAY_MODEL_CODE`` names.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Verify and load the bundle."""
        code = (context.model_config or {}).get("code") or os.environ.get(CODE)
        self.model = load_bundle(Path(context.artifacts["bundle"]), Path(code) if code else None)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> Answer:
        """See :func:`answer`.

        Raises:
            MlflowException: what a UserError says; a server passes on no other words.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            return answer(self.model, model_input, **given)
        except UserError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error


def answer(
    model: LoadedModel,
    given: Any,
    output: str = "",
    count: int = 1,
    seed: int = 0,
    target: str = "",
) -> Answer:
    """What a model says of rows, or draws.

    Args:
        model: the model.
        given: vectors (N, dx) as an array or a table with columns ``x1``, ``x2``, ..., in a
            conditional model followed by ``y1``, ...; SMILES as a list or a table of one column;
            images (N, height, width) between 0 and 1.
        output: ``y``, ``codes`` (the means), ``reconstruction`` (from these) or ``generate``; by
            default Y where the model predicts it, and the codes otherwise.
        count: how many to generate; by a conditional model of each row's Y.
        seed: of what is generated.
        target: properties of generated molecules, ``0.9`` or ``gap_ev=6.5,alpha=75``.

    Raises:
        UserError: the input is not such as the model was trained on, or it can't answer.
    """
    predicts = model.model.predicts_y and form_of(model.spec.data).y == "targets"
    output = output or ("y" if predicts else "codes")
    if output not in OUTPUTS:
        raise UserError(f"there is no output '{output}'{nearest(output, OUTPUTS)}")
    if output == "y" and not predicts:
        raise UserError(f"model '{model.spec.model}' does not predict Y: ask for its codes")
    if isinstance(model.transforms.x, Symbols):
        return _of_molecules(model, given, output, count, seed, target)
    if isinstance(model.transforms.x, Pixels):
        return _of_images(model, given, output, count, seed)
    return _of_vectors(model, given, output, count, seed)


def _of_vectors(model: LoadedModel, given: Any, output: str, count: int, seed: int) -> Answer:
    rows = _numbers(given, vector_columns(model))
    dims = len(rows.T) - model.model.networks.y_dims * model.model.conditional
    x, y = rows[:, :dims], rows[:, dims:] if model.model.conditional else None
    if output == "y":
        return _table(y=model.predict(x))
    if output == "codes":
        return _codes(model.encode(x))
    if output == "reconstruction":
        return _table(x_hat=model.reconstruct(x, y))
    each = None if y is None else y.repeat(count, axis=0)
    return _table(x=draw_x(model, count if each is None else len(each), seed, each))


def _of_images(model: LoadedModel, given: Any, output: str, count: int, seed: int) -> Answer:
    images = np.asarray(given)
    if output == "codes":
        return _codes(model.encode(images))
    made = model.reconstruct(images) if output == "reconstruction" else draw_x(model, count, seed)
    return np.asarray(made)


def _of_molecules(
    model: LoadedModel, given: Any, output: str, count: int, seed: int, target: str
) -> Answer:
    if output == "generate":
        made = generate(model, wanted_values(model, target) if target else {}, count, seed)
        return pd.DataFrame({"smiles": made.smiles, **made.predicted})
    smiles = _strings(given)
    if output == "y":
        values, bad = properties(model, [*smiles])
        return pd.DataFrame({"smiles": smiles, **values, "error": _errors(bad, len(smiles))})
    encoded = model.transforms.x.encoded(smiles)  # type: ignore[attr-defined]
    bad = {one.row: one.reason for one in encoded.bad}
    indices = torch.from_numpy(encoded.indices)
    if output == "codes":
        table = _codes(model.encode_stored(indices))
        table.loc[list(bad)] = np.nan
    else:
        if model.model.conditional:
            raise UserError(
                f"model '{model.spec.model}' rebuilds a molecule from its codes and its Y, "
                "which SMILES alone don't tell: ask for its codes"
            )
        rebuilt = model.reconstruct_stored(indices)
        table = pd.DataFrame({"x_hat": [None if i in bad else s for i, s in enumerate(rebuilt)]})
    table.insert(0, "smiles", smiles)
    return table.assign(error=_errors(bad, len(smiles)))


def vector_columns(model: LoadedModel) -> list[str]:
    """Names of the columns of a table of vectors."""
    names = [f"x{i}" for i in range(1, model.model.networks.x_shape[0] + 1)]
    if model.model.conditional:
        names += [f"y{i}" for i in range(1, model.model.networks.y_dims + 1)]
    return names


def _numbers(given: Any, names: list[str]) -> np.ndarray:
    """Rows (N, len(names)) of an array, or of a table, whose columns may be in any order."""
    if isinstance(given, pd.DataFrame) and not all(isinstance(c, int) for c in given.columns):
        if missing := [name for name in names if name not in given.columns]:
            raise UserError(
                f"the columns must be {', '.join(names)}, not "
                f"{', '.join(map(str, given.columns))}: {', '.join(missing)} missing"
            )
        given = given[names]
    rows = np.asarray(given, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(names):
        raise UserError(
            f"the rows must have {len(names)} columns, {', '.join(names)}; "
            f"what was given has shape {rows.shape}"
        )
    return rows


def _strings(given: Any) -> list[str]:
    if isinstance(given, pd.DataFrame):
        if len(given.columns) != 1 and "smiles" not in given.columns:
            raise UserError(
                "a table of molecules must have a column 'smiles', not only "
                f"{', '.join(map(str, given.columns))}"
            )
        given = given["smiles"] if "smiles" in given.columns else given.iloc[:, 0]
    return [str(one) for one in np.asarray(given).ravel()]


def _codes(codes: dict[str, np.ndarray]) -> pd.DataFrame:
    return _table(z0_=codes["z0"], z1_=codes["z1"])


def _table(**arrays: np.ndarray) -> pd.DataFrame:
    """Columns ``y1``, ``x_hat1``, ``z0_1``."""
    return pd.DataFrame(
        {
            f"{name}{i}": column
            for name, array in arrays.items()
            for i, column in enumerate(array.T, 1)
        }
    )


def _errors(bad: dict[int, str], rows: int) -> Sequence[str]:
    return [bad.get(row, "") for row in range(rows)]
