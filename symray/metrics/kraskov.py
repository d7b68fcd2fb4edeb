"""Mutual information of continuous variables by nearest neighbours."""

from typing import Literal

import numpy as np
import torch

from symray.metrics.points import Floats, Points, as_pairs, standardised

Unit = Literal["bits", "nats"]

NATS: dict[str, float] = {"nats": 1.0, "bits": float(np.log(2))}


def nats_per(unit: Unit) -> float:
    """How many nats one ``unit`` is.

    Raises:
        ValueError: the unit is neither bits nor nats.
    """
    if unit not in NATS:
        raise ValueError(f"unit is {unit!r}; use 'bits' or 'nats'")
    return NATS[unit]


def kraskov_mi(
    x: Points,
    y: Points,
    k: int = 3,
    standardize: bool = True,
    unit: Unit = "bits",
    device: torch.device | str | None = None,
) -> float:
    """I(X; Y) by the first estimator of Kraskov et al. 2004 (KSG-1, eq. 8), Chebyshev norm.

    ``psi(k) + psi(N) - < psi(n_x + 1) + psi(n_y + 1) >``, n_x and n_y the numbers of other points
    strictly nearer in the margin than the k-th neighbour in the joint space. It may be slightly
    negative, and in high dimension it is far too low: report it beside :func:`shuffled_mi` and a
    probe. A variable of no columns, or of constants only, has MI 0. Data with many exact
    duplicates are not continuous, and the estimate means nothing.

    Args:
        x: (N, dx), or (N,) for one dimension.
        y: (N, dy) or (N,).
        k: the neighbour that sets the radius; 3 has less bias, 20 (the papers') less variance.
        standardize: scale every column to standard deviation 1 first. At finite N the estimate
            depends on the relative scale of the columns; False is for comparison with the papers.
        unit: "bits" or "nats".
        device: None for compiled code on the CPU, else a torch device with float64. The
            neighbour counts are the same, exactly.

    Raises:
        ValueError: k < 1 or k >= N, a bad unit, numbers of points that differ, values that are
            not finite.
    """
    scale = nats_per(unit)
    a, b = as_pairs(x, y)
    _check_k(k, len(a))
    if standardize:
        a, b = standardised(a), standardised(b)
    return _ksg1(a, b, k, device) / scale


def shuffled_mi(
    x: Points,
    y: Points,
    shuffles: int = 5,
    seed: int = 0,
    k: int = 3,
    standardize: bool = True,
    unit: Unit = "bits",
    device: torch.device | str | None = None,
) -> tuple[float, float]:
    """The floor of :func:`kraskov_mi`: its mean and standard deviation with Y's rows shuffled.

    The true value is 0, so an estimate within this spread is "not distinguishable from 0".

    Raises:
        ValueError: fewer than two shuffles, or what :func:`kraskov_mi` raises.
    """
    if shuffles < 2:
        raise ValueError(f"shuffles is {shuffles}; a standard deviation takes at least 2")
    scale = nats_per(unit)
    a, b = as_pairs(x, y)
    _check_k(k, len(a))
    if standardize:
        a, b = standardised(a), standardised(b)
    generator = np.random.default_rng(seed)
    floor = [_ksg1(a, generator.permutation(b), k, device) / scale for _ in range(shuffles)]
    return float(np.mean(floor)), float(np.std(floor, ddof=1))


def _check_k(k: int, n: int) -> None:
    if not 1 <= k < n:
        raise ValueError(f"k is {k} with {n} points; it takes 1 <= k < number of points")


def _ksg1(x: Floats, y: Floats, k: int, device: torch.device | str | None) -> float:
    """KSG-1 in nats."""
    if not (np.ptp(x, axis=0).any() and np.ptp(y, axis=0).any()):
        return 0.0
    from scipy.special import digamma

    if device is None:
        # numba takes half a second to import: only who estimates pays for it
        from symray.metrics import _sweep

        in_x, in_y = _sweep.neighbour_counts(x, y, k)
    else:
        from symray.metrics import _chunked

        in_x, in_y = _chunked.neighbour_counts(x, y, k, device)
    return float(digamma(k) + digamma(len(x)) - np.mean(digamma(in_x + 1) + digamma(in_y + 1)))
