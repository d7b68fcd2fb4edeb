"""Data sets: where trials draw their batches from, with fixed validation and test splits."""

from collections.abc import Mapping
from typing import Any

from symray.data.arrays import Arrays, arrays_from_spec
from symray.data.artificial import Artificial
from symray.data.base import Batch, DataForm, DataSet, Split, SplitName
from symray.data.units import Units
from symray.errors import UserError, nearest

DATA_SETS: Mapping[str, type[Artificial]] = {Artificial.name: Artificial}
FORMS = tuple({Arrays.form, *(data.form for data in DATA_SETS.values())})
"""Every kind of data there is."""

__all__ = [
    "DATA_SETS",
    "FORMS",
    "Batch",
    "DataForm",
    "DataSet",
    "Split",
    "SplitName",
    "Units",
    "form_of",
    "load_data",
]


def form_of(spec: str | Mapping[str, Any]) -> DataForm:
    """What X and Y of a study file's ``data`` are; reads no data.

    Raises:
        UserError: there is no such data set.
    """
    return _named(spec).form if isinstance(spec, str) else Arrays.form


def load_data(spec: str | Mapping[str, Any]) -> DataSet:
    """The data set of a study file's ``data``: a name, or ``{npz: FILE, x: X, y: Y}``.

    Raises:
        UserError: there is no such data set, or its file can't be used.
    """
    return _named(spec)() if isinstance(spec, str) else arrays_from_spec(spec)


def _named(name: str) -> type[Artificial]:
    if name not in DATA_SETS:
        raise UserError(
            f"there is no data set '{name}'{nearest(name, DATA_SETS)}"
            " (own data are written {npz: FILE, x: X, y: Y})"
        )
    return DATA_SETS[name]
