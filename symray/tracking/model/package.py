"""A bundle with what MLflow needs to load and serve it: the folder that a registered version is.

::

    weights.safetensors, config.json, metrics.json    the bundle, as it is in the record
    README.md                                         the model card
    MLmodel, model.py, input_example.json, ...        MLflow's own; nothing in it is pickled
    requirements.txt, symray-*.whl                    libraries in their versions, and this one
    SHA256SUMS                                        over all of them
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.models.signature import infer_signature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

from symray.data.transforms import Pixels, Symbols
from symray.tracking.model.served import answer, vector_columns
from symray.tracking.model.wheel import pinned, write_wheel
from symray.training.bundle import SUMS, load_bundle
from symray.training.generation import draw_x
from symray.training.loaded import LoadedModel

EXAMPLES = 3
"""Rows of the input example."""

_CODE = '''"""What MLflow runs of this model; the numbers are in weights.safetensors."""

from mlflow.models import set_model

from symray.tracking.model.served import ServedModel

set_model(ServedModel())
'''

_THIS_FOLDER = {"bundle": {"path": ".", "uri": "."}}

_FAMILIAR = ("CCO", "CC(=O)C", "c1ccccc1", "CCN", "C")
"""Molecules for an example, where a model doesn't spell any itself."""

_PARAMS = ParamSchema(
    [
        ParamSpec("output", DataType.string, ""),
        ParamSpec("count", DataType.long, 1),
        ParamSpec("seed", DataType.long, 0),
        ParamSpec("target", DataType.string, ""),
    ]
)


def write_package(
    bundle: Path, folder: Path, card: str, mlflow_model: Model, code: Path | None
) -> str:
    """Write the package of ``bundle`` to the new folder ``folder``.

    Args:
        bundle: as :func:`symray.training.bundle.save_bundle` wrote it.
        folder: made here.
        card: the model card, Markdown.
        mlflow_model: with the identity that MLflow gave the model.
        code: folder of the package of an own model, which is run for the example.

    Returns:
        The SHA-256 of ``SHA256SUMS``, which stands for all files.
    """
    model = load_bundle(bundle, code)
    scratch = folder.with_name("scratch")
    scratch.mkdir()
    (scratch / "model.py").write_text(_CODE)
    wheel = write_wheel(scratch)
    example = input_example(model)
    mlflow_model.signature = signature(model, example)
    mlflow.pyfunc.save_model(
        folder,
        python_model=scratch / "model.py",
        mlflow_model=mlflow_model,
        signature=mlflow_model.signature,
        input_example=example,
        model_config={"code": ""},
        pip_requirements=[f"./{wheel.name}", *pinned()],
    )
    flavor = mlflow_model.flavors["python_function"]
    flavor |= {"model_code_path": "model.py", "artifacts": _THIS_FOLDER}
    mlflow_model.save(str(folder / "MLmodel"))
    shutil.copy(wheel, folder)
    shutil.copytree(bundle, folder, dirs_exist_ok=True)
    (folder / "README.md").write_text(card)
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)
    shutil.rmtree(scratch)
    return write_sums(folder)


def write_sums(folder: Path) -> str:
    """Write ``SHA256SUMS`` over all files of ``folder``; returns its own SHA-256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_text("".join(lines))
    return sha256(folder / SUMS)


def sha256(path: Path) -> str:
    """Of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def input_example(model: LoadedModel) -> Any:
    """Rows such as ``model`` takes, of its own making: a model gives none of its data away."""
    conditional, transforms = model.model.conditional, model.transforms
    if isinstance(transforms.x, Symbols):
        return pd.DataFrame({"smiles": _molecules(model)})
    if conditional:
        y = np.tile(np.asarray(transforms.y.shift, dtype=np.float64), (EXAMPLES, 1))
        x = np.hstack([draw_x(model, EXAMPLES, y=y), y])
    else:
        x = np.asarray(draw_x(model, EXAMPLES))
    if isinstance(transforms.x, Pixels):
        return x
    return pd.DataFrame(x.astype(np.float64).round(4), columns=vector_columns(model))


def signature(model: LoadedModel, example: Any) -> ModelSignature:
    """What goes in and out; columns have no names, so that a plain array will do as well."""
    if isinstance(model.transforms.x, Symbols):
        inputs = Schema([ColSpec(DataType.string)])
    elif isinstance(model.transforms.x, Pixels):
        inputs = Schema([TensorSpec(np.dtype(np.float32), (-1, *example.shape[1:]))])
    else:
        inputs = Schema([ColSpec(DataType.double) for _ in example.columns])
    outputs = infer_signature(example, answer(model, example)).outputs
    return ModelSignature(inputs=inputs, outputs=outputs, params=_PARAMS)


def _molecules(model: LoadedModel) -> list[str]:
    """Some that the model can read."""
    made = [] if model.model.conditional else [s for s in draw_x(model, 8 * EXAMPLES) if s]
    pool = list(dict.fromkeys([*made, *_FAMILIAR]))
    bad = {one.row for one in model.transforms.x.encoded(pool).bad}  # type: ignore[attr-defined]
    return [smiles for row, smiles in enumerate(pool) if row not in bad][:EXAMPLES]
