"""A trained model applied to a file of numbers or images."""

import contextlib
import csv
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.images import load_images
from symray.data.npz import array_names, read_arrays
from symray.data.sprites import IMAGES
from symray.data.transforms import Pixels
from symray.errors import UserError
from symray.insight.csv_arrays import read_csv
from symray.training.loaded import LoadedModel

Array = NDArray[Any]

CHUNK = 65536
"""Rows that are predicted at a time."""

IMAGES_CHUNK = 1024
"""The same of images."""

SUFFIXES = (".npz", ".csv")


@contextlib.contextmanager
def model_folder(model: str) -> Iterator[Path]:
    """The folder of a model, for the time of the ``with`` block.

    Args:
        model: a downloaded model's folder, or ``NAME``, ``NAME@alias`` or ``NAME:version`` of the
            registry, which is downloaded.

    Raises:
        UserError: no such folder or model, or MLflow doesn't answer.
    """
    folder = Path(model)
    if folder.is_dir() and ("/" in model or (folder / "SHA256SUMS").is_file()):
        yield folder
        return
    if "/" in model:
        raise UserError(f"there is no folder {model}")
    from symray.tracking.registry import download  # takes seconds, and a folder needs no MLflow

    with tempfile.TemporaryDirectory(prefix="symray-model-") as scratch:
        yield download(model, Path(scratch) / "model")


def check_suffix(path: Path) -> None:
    """Refuse a file that is neither .npz nor .csv.

    Raises:
        UserError: says so.
    """
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: what kind of file this is must show; name it .npz or .csv")


def predict(model: LoadedModel, path: Path, codes: bool = False) -> dict[str, Array]:
    """Predictions and reconstructions of every row of a file, in the data's own units.

    Args:
        model: the model.
        path: an .npz with ``x`` (N, dx), and ``y`` (N, dy) for a conditional model; or a .csv, see
            :func:`symray.insight.csv_arrays.read_csv`; images as :func:`read_images` takes them.
        codes: add the mean codes; of images they are always there.

    Returns:
        ``y`` (N, dy), where the model predicts it; ``x_hat`` (N, ...), the reconstructions from the
        mean codes; with ``codes``, ``z0`` and ``z1``.

    Raises:
        UserError: the file can't be read, has other columns, or has NaN in a row.
    """
    if isinstance(model.transforms.x, Pixels):
        return _predict_images(model, read_images(path, model))
    x, y = _read(path, model)
    parts: list[dict[str, Array]] = []
    for start in range(0, len(x), CHUNK):
        rows = slice(start, start + CHUNK)
        part = {"y": model.predict(x[rows])} if model.model.predicts_y else {}
        part["x_hat"] = model.reconstruct(x[rows], None if y is None else y[rows])
        if codes:
            encoded = model.encode(x[rows])
            part |= {"z0": encoded["z0"], "z1": encoded["z1"]}
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _predict_images(model: LoadedModel, stored: Tensor) -> dict[str, Array]:
    parts = []
    for some in torch.split(stored, IMAGES_CHUNK):
        x = model.transforms.x.outside(some)
        encoded = model.encode(x)
        parts.append({"x_hat": model.reconstruct(x), "z0": encoded["z0"], "z1": encoded["z1"]})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def read_images(path: Path, model: LoadedModel) -> Tensor:
    """The images of an .npz as the model's data set stores them, (N, bytes).

    The array is ``x``, or else the one that the model's own data have.

    Raises:
        UserError: the file can't be read, or its images are not of the model's size.
    """
    if path.suffix != ".npz":
        raise UserError(f"{path}: this model takes images, which an .npz file holds")
    names, data = array_names(path), model.spec.data
    own = data.get("images") if isinstance(data, dict) else None
    images = load_images(
        path,
        next((k for k in (own, IMAGES) if "x" not in names and k in names), "x"),
        white=model.transforms.x.white if isinstance(model.transforms.x, Pixels) else None,
    )
    try:
        return model.transforms.x.inside(images.transform.outside(torch.from_numpy(images.stored)))
    except UserError as error:
        raise UserError(f"{path}: images {error}") from None


def write_predictions(arrays: Mapping[str, Array], path: Path | None) -> None:
    """Write arrays of equal length to an .npz, a .csv, or as CSV to stdout for None.

    CSV leaves images out.

    Raises:
        UserError: the file can't be written.
    """
    if path is None:
        _write_csv(arrays, sys.stdout)
        return
    try:
        if path.suffix == ".npz":
            np.savez(path, **arrays)  # type: ignore[arg-type]  # the stub has no mapping
        else:
            with path.open("w", newline="") as file:
                _write_csv(arrays, file)
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}") from error


def _write_csv(arrays: Mapping[str, Array], file: TextIO) -> None:
    """Columns ``y1``, ``x_hat1``, ``z0_1``: a number after a name that ends in one is set apart."""
    arrays = {name: array for name, array in arrays.items() if array.ndim == 2}
    names = [
        f"{name}_{i}" if name[-1].isdigit() else f"{name}{i}"
        for name, array in arrays.items()
        for i in range(1, array.shape[1] + 1)
    ]
    table = csv.writer(file, lineterminator="\n")
    table.writerow(names)
    table.writerows(np.hstack(list(arrays.values())))


def _read(path: Path, model: LoadedModel) -> tuple[Array, Array | None]:
    check_suffix(path)
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    widths = {"x": math.prod(model.model.networks.x_shape)}
    if model.model.conditional:
        widths["y"] = model.model.networks.y_dims
    if path.suffix == ".csv":
        arrays = read_csv(path, widths)
    else:
        # The reader wants two arrays; for other models x is both.
        arrays = dict(zip(widths, read_arrays(path, *(list(widths) * 2)[:2]), strict=False))
    for name, width in widths.items():
        if arrays[name].shape[1] != width:
            raise UserError(
                f"{path}: '{name}' is {arrays[name].shape[1]} wide, but the model was trained on "
                f"{width} columns"
            )
    return arrays["x"], arrays.get("y")
