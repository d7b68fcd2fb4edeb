"""Mutual information as if the variables were jointly Gaussian."""

import numpy as np

from symray.metrics.kraskov import Unit, nats_per
from symray.metrics.points import Floats, Points, as_pairs, standardised

SMALLEST = float(np.finfo(np.float64).eps)


def gaussian_mi(x: Points, y: Points, unit: Unit = "bits") -> float:
    """``-1/2 sum_i log(1 - rho_i^2)`` over the canonical correlations of x (N, dx) and y (N, dy).

    For Gaussian variables the mutual information, for others what a linear map sees of it (and no
    bound). Constant and redundant columns change nothing. An exact linear relation counts 52/2
    bits per dimension, the float64 limit, instead of infinitely many.

    Raises:
        ValueError: a bad unit, numbers of points that differ, values that are not finite.
    """
    scale = nats_per(unit)
    a, b = as_pairs(x, y)
    correlations = np.linalg.svd(_basis(a).T @ _basis(b), compute_uv=False)
    unexplained = np.maximum(1 - correlations**2, SMALLEST)
    return float(0.5 * np.log(1 / unexplained).sum()) / scale


def _basis(points: Floats) -> Floats:
    """An orthonormal basis (N, rank) of the space that the centred columns span."""
    centred = standardised(points)
    vectors, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    tolerance = max(centred.shape) * SMALLEST * lengths.max(initial=0.0)
    return np.asarray(vectors[:, lengths > tolerance])
