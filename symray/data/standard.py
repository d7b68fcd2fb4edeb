"""Standardising columns of numbers without losing their digits."""

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.float64]


def standard(rows: Columns) -> tuple[Columns, Columns]:
    """Mean and standard deviation (d,) of the columns of ``rows`` (N, d), in float64.

    They are to be subtracted and divided by in float64 as well: in float32 a column of time stamps
    is one value. A constant column keeps its scale.
    """
    mean = rows.mean(axis=0)
    centred = rows - mean
    # the squares of 1e-200 are 0
    widest = np.abs(centred).max(axis=0, initial=0)
    widest[is_constant(rows)] = 0
    unit = np.where(widest > 0, widest, 1)
    deviation = (centred / unit).std(axis=0) * unit
    return mean, np.where((widest > 0) & (deviation > 0), deviation, 1)


def is_constant(
    rows: Columns, precision: float = float(np.finfo(np.float64).eps)
) -> NDArray[np.bool_]:
    """Which columns (d,) of ``rows`` (N, d) are one value, up to some rounding of ``precision``."""
    spread = np.ptp(rows, axis=0) if len(rows) else np.zeros(rows.shape[1])
    same: NDArray[np.bool_] = spread <= 8 * precision * np.abs(rows).max(axis=0, initial=0)
    return same
