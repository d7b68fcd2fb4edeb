"""What every metric takes: N points as a NumPy array or a torch tensor, checked, in float64."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Points = NDArray[np.floating] | Tensor
Floats = NDArray[np.float64]


def as_points(values: Points, name: str) -> Floats:
    """``values`` (N, d) or (N,) as float64 (N, d) on the CPU.

    Raises:
        ValueError: more than two dimensions, or a value that is not finite; ``name`` says which.
    """
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    points = np.asarray(values, dtype=np.float64)
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2:
        raise ValueError(f"{name} has shape {points.shape}; expected (N, d) or (N,)")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} holds NaN or infinity; drop those points or stop the trial")
    return points


def as_pairs(x: Points, y: Points, names: tuple[str, str] = ("x", "y")) -> tuple[Floats, Floats]:
    """Two variables seen on the same N >= 1 points, see :func:`as_points`.

    Raises:
        ValueError: also when the numbers of points differ or are 0.
    """
    a, b = as_points(x, names[0]), as_points(y, names[1])
    if len(a) != len(b) or not len(a):
        raise ValueError(
            f"{names[0]} has {len(a)} points and {names[1]} has {len(b)}; expected as many of both"
            " and at least one"
        )
    return a, b


def scaling(points: Floats) -> tuple[Floats, Floats]:
    """Shift and scale (d,) that give columns mean 0 and standard deviation 1.

    A constant column is shifted by its very value, so that it becomes exactly 0, and not scaled.
    """
    varies = np.ptp(points, axis=0) > 0
    shift = np.where(varies, points.mean(axis=0), points[0])
    return shift, np.where(varies, points.std(axis=0), 1.0)


def standardised(points: Floats) -> Floats:
    """Columns of ``points`` (N, d) with mean 0 and standard deviation 1; constant columns are 0."""
    shift, scale = scaling(points)
    return (points - shift) / scale
