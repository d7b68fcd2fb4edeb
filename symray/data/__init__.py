"""Data sets: where trials draw their batches from, with fixed validation and test splits."""

from collections.abc import Mapping
from typing import Any

from symray.data.arrays import arrays_from_spec
from symray.data.artificial import Artificial
from symray.data.base import Batch, DataSet, Scaling, Split, SplitName
from symray.errors import UserError, nearest

DATA_SETS: Mapping[str, type[Artificial]] = {Artificial.name: Artificial}

__all__ = ["DATA_SETS", "Batch", "DataSet", "Scaling", "Split", "SplitName", "load_data"]


def load_data(spec: str | Mapping[str, Any]) -> DataSet:
    """The data set of a study file's ``data``: a name, or ``{npz: FILE, x: X, y: Y}``.

    Raises:
        UserError: there is no such data set, or its file can't be used.
    """
    if not isinstance(spec, str):
        return arrays_from_spec(spec)
    if spec not in DATA_SETS:
        raise UserError(
            f"there is no data set '{spec}'{nearest(spec, DATA_SETS)}"
            " (own data are written {npz: FILE, x: X, y: Y})"
        )
    return DATA_SETS[spec]()
