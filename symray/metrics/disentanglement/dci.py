"""Disentanglement, completeness and informativeness (Eastwood & Williams 2018)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from symray.metrics.disentanglement.encoded import Factors, as_encoded, draw_rows
from symray.metrics.points import Floats, Points

_NEVER_ZERO = 1e-11


@dataclass(frozen=True)
class DCI:
    """The three scores; 1 is best.

    Attributes:
        disentanglement: how nearly a latent tells of one factor only.
        completeness: how nearly a factor is told by one latent only.
        informativeness: held-out accuracy of the factors' prediction, mean over the factors.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def dci(
    codes: Points, factors: Factors, *, train: int = 10_000, test: int = 5_000, seed: int = 0
) -> DCI:
    """DCI with the importances of gradient boosted trees, as in disentanglement_lib.

    Its classifier is scikit-learn's with default settings, which takes minutes; ours is the same
    on features in 256 bins. (The authors' own choices, a lasso and a random forest, give other
    numbers.) Sample sizes are its standard too. Factors are learnt on ``torch.get_num_threads()``
    threads.

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, f) integer classes.
        train: codes to train on, drawn without replacement; both are cut down where N is less.
        test: codes to test on.
        seed: of the draw.

    Raises:
        ValueError: codes or factors that :func:`~symray.metrics.disentanglement.encoded.as_encoded`
            refuses.
    """
    # numba takes half a second to import: only who scores pays for it
    from symray.metrics.disentanglement._boosting import boost

    z, y = as_encoded(codes, factors)
    rows, held_out = draw_rows(len(z), (train, test), seed)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        learnt = list(pool.map(lambda column: boost(z[rows], column[rows], z[held_out]), y.T))
    importances = np.stack([importance for importance, _ in learnt], axis=1)
    found = np.stack([classes for _, classes in learnt], axis=1)
    return DCI(
        disentanglement=concentration(importances.T),
        completeness=concentration(importances),
        informativeness=float((found == y[held_out]).mean()),
    )


def concentration(importances: Floats) -> float:
    """1 - entropy of each column of ``importances`` (n, m) in base n, mean by the columns' sums.

    Columns are factors for completeness, latents (transposed) for disentanglement. 1 if every
    column has one entry, 0 if each is even; with one row there is no choice, which counts 1.
    """
    if len(importances) == 1:
        return 1.0
    smoothed = importances + _NEVER_ZERO
    p = smoothed / smoothed.sum(axis=0)
    scores = 1 + (p * np.log(p)).sum(axis=0) / np.log(len(p))
    weights = importances.sum(axis=0)
    if not weights.any():
        weights = np.ones_like(weights)
    return float((scores * weights).sum() / weights.sum())
