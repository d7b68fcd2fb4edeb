"""Data sets: where trials draw their batches from, with fixed validation and test splits."""

from collections.abc import Mapping
from typing import Any

from symray.data.arrays import arrays_from_spec
from symray.data.artificial import Artificial
from symray.data.base import (
    VECTORS,
    Batch,
    DataForm,
    DataSet,
    NamedDataSet,
    Split,
    SplitName,
    Target,
)
from symray.data.dsprites import DSprites, PublishedDSprites, sprites_from_spec
from symray.data.fetch import Progress, silent
from symray.data.image_set import WITH_FACTORS, WITHOUT_FACTORS, images_from_spec
from symray.data.own_molecules import molecules_form, molecules_from_spec
from symray.data.qm9 import QM9, UnlabelledQM9
from symray.data.report import DataReport
from symray.data.transforms import Transforms
from symray.data.zinc import ZINC
from symray.errors import UserError, nearest, shortened

DATA_SETS: Mapping[str, type[NamedDataSet]] = {
    cls.name: cls for cls in (Artificial, DSprites, PublishedDSprites, QM9, UnlabelledQM9, ZINC)
}
FORMS = (VECTORS, WITH_FACTORS, WITHOUT_FACTORS, QM9.form, UnlabelledQM9.form, ZINC.form)
"""Every kind of data there is."""

__all__ = [
    "DATA_SETS",
    "FORMS",
    "Batch",
    "DataForm",
    "DataReport",
    "DataSet",
    "NamedDataSet",
    "Split",
    "SplitName",
    "Target",
    "Transforms",
    "form_of",
    "load_data",
    "named_data_set",
    "prepare_data",
    "pretraining_data",
]


def form_of(spec: str | Mapping[str, Any]) -> DataForm:
    """What X and Y of a study file's ``data`` are; reads no data.

    Raises:
        UserError: there is no such data set.
    """
    if isinstance(spec, str):
        return named_data_set(spec).form
    if "csv" in spec:
        return molecules_form(spec)
    if "images" in spec:
        return WITHOUT_FACTORS if spec.get("factors") is None else WITH_FACTORS
    return WITH_FACTORS if "dsprites" in spec else VECTORS


def pretraining_data(spec: str | Mapping[str, Any]) -> str | None:
    """Name of the set without Y that belongs to a study file's ``data``, if there is one."""
    return named_data_set(spec).pretraining_data if isinstance(spec, str) else None


def load_data(spec: str | Mapping[str, Any]) -> DataSet:
    """The data set of a study file's ``data``.

    A name, ``{npz: FILE, x: X, y: Y}``, ``{npz: FILE, images: KEY, factors: KEY}``,
    ``{dsprites: [1, 1, 4, 2, 2]}``, or ``{csv: FILE, smiles: COLUMN, targets: [COLUMN, ...]}``.

    Raises:
        UserError: there is no such data set, it isn't prepared here, or its file can't be used.
    """
    if not isinstance(spec, str):
        if "images" in spec:
            return images_from_spec(spec)
        if "csv" in spec:
            return molecules_from_spec(spec)
        return sprites_from_spec(spec) if "dsprites" in spec else arrays_from_spec(spec)
    cls = named_data_set(spec)
    if not cls.is_prepared():
        raise UserError(
            f"data set '{spec}' is not prepared on this machine: run `symray data prepare {spec}`"
        )
    return cls()


def prepare_data(spec: str | Mapping[str, Any], progress: Progress = silent) -> None:
    """Do now, with progress, what loading a study file's ``data`` would take time for.

    Raises:
        UserError: a publisher is away, or a file can't be used.
    """
    if not isinstance(spec, str):
        if "csv" in spec:
            molecules_from_spec(spec, progress)
    elif not (cls := named_data_set(spec)).is_prepared():
        cls.prepare(None, progress)


def named_data_set(name: str) -> type[NamedDataSet]:
    """The class of a named data set.

    Raises:
        UserError: there is no such data set.
    """
    if name not in DATA_SETS:
        raise UserError(
            f"there is no data set '{shortened(name)}'{nearest(name, DATA_SETS)}"
            " (own data are written {npz: FILE, x: X, y: Y})"
        )
    return DATA_SETS[name]
