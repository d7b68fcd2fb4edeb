"""A lower bound on mutual information by a learned conditional density, for many dimensions.

A mixture density network learns q(y|z) on most of the points; on the rest it is the critic

    T(z, y) = log q(y|z) - log q(y),        q(y) = mean of q(y|z') over points it has seen

of the bound of Nguyen, Wainwright & Jordan (2010),

    I(Z; Y) >= < T(z_i, y_i) > + 1 - < exp T(z_j, y_i) >,   i != j, all held out

whose expectation is below the truth whatever T is: what the network has not found is missing, what
it has made up costs. It is tight where q is right, since exp T then has mean 1, and unlike InfoNCE
it has no ceiling at log N. Nearest neighbours need no learning and are blind in many dimensions;
this needs some hundred points and is not.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from symray.metrics._density import Ensemble, fit
from symray.metrics.kraskov import Unit, nats_per
from symray.metrics.points import Floats, Points, as_pairs

FEWEST_POINTS = 40
FOLDS = 5
BLOCK = 2500
"""Held-out points whose pairs are taken at a time: cost and memory are linear in the points."""
SEEN = 1000
"""Points whose conditional densities make up q(y)."""
BROAD = 0.1
"""Share of a standard normal in q(y), which keeps far values from outweighing all others."""


@dataclass(frozen=True)
class Bound:
    """A lower bound on mutual information, estimated from points.

    Attributes:
        value: at most the truth, up to chance; it may be slightly negative.
        error: standard error of ``value``.
    """

    value: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the bound. The truth is above its lower end, and may be above its upper end."""
        return self.value - 1.96 * self.error, self.value + 1.96 * self.error


def neural_mi(x: Points, y: Points, seed: int = 0, unit: Unit = "bits") -> Bound:
    """A lower bound on I(X; Y), each point scored by networks that have not seen it.

    Each column is replaced by the normal scores of its ranks, so a monotone map of a coordinate
    changes nothing, and the columns of each variable are decorrelated. A variable of no columns, or
    of constants only, has MI 0. The same seed, machine and number of threads give the same value;
    torch's own generator is not touched.

    Args:
        x: (N, dx), or (N,) for one dimension; what Y is predicted from.
        y: (N, dy) or (N,), of few dimensions.
        seed: of folds, initial weights and minibatches.
        unit: "bits" or "nats".

    Raises:
        ValueError: fewer than 40 points, a bad unit, numbers of points that differ, values that
            are not finite.
    """
    scale = nats_per(unit)
    a, b = as_pairs(x, y)
    if len(a) < FEWEST_POINTS:
        raise ValueError(f"{len(a)} points; a neural bound takes at least {FEWEST_POINTS}")
    a, b = _decorrelated(_normal_scores(a)), _decorrelated(_normal_scores(b))
    if not (a.shape[1] and b.shape[1]):
        return Bound(0.0, 0.0)
    # evaluations run in inference mode, whose tensors can't be learned from
    with torch.inference_mode(False), torch.enable_grad():
        z, targets = torch.from_numpy(a).float(), torch.from_numpy(b).float()
        scores = _scores(z, targets, torch.Generator().manual_seed(seed))
    error = float(scores.std()) / math.sqrt(len(scores))
    return Bound(float(scores.mean()) / scale, error / scale)


def shuffled_neural_mi(x: Points, y: Points, seed: int = 0, unit: Unit = "bits") -> Bound:
    """The floor of :func:`neural_mi`: the same with Y's rows shuffled, where the truth is 0.

    Raises:
        ValueError: as :func:`neural_mi`.
    """
    a, b = as_pairs(x, y)
    return neural_mi(a, np.random.default_rng(seed).permutation(b), seed, unit)


def _scores(z: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
    """What each point (N,) adds to the bound, in nats; their mean is the bound."""
    folds = torch.randperm(len(z), generator=generator).tensor_split(FOLDS)
    ensembles = fit(z, y, folds, generator)
    scores = torch.empty(len(z), dtype=torch.float64)
    for held_out, (fold, ensemble) in enumerate(zip(folds, ensembles, strict=True)):
        others = torch.cat([other for i, other in enumerate(folds) if i != held_out])
        seen = others[torch.randperm(len(others), generator=generator)[:SEEN]]
        for block in fold.tensor_split(math.ceil(len(fold) / BLOCK)):
            scores[block] = _block_scores(ensemble, z[block], y[block], z[seen])
    return scores


def _block_scores(ensemble: Ensemble, z: Tensor, y: Tensor, seen: Tensor) -> Tensor:
    """The terms (n,) of the bound on held-out z (n, dx), y (n, dy).

    A pair belongs half to each of its two points, as in the linearisation of a U-statistic, so that
    the terms' spread gives the standard error.
    """
    n = len(z)
    learned = ensemble.log_density(seen, y).logsumexp(1) - math.log(len(seen))
    broad = (-0.5 * (y.double() ** 2 + math.log(2 * math.pi))).sum(1)
    baseline = torch.logaddexp(learned + math.log(1 - BROAD), broad + math.log(BROAD))
    critic = ensemble.log_density(z, y) - baseline[:, None]
    ratios = critic.exp().fill_diagonal_(0)
    by_y, by_z = ratios.sum(1) / (n - 1), ratios.sum(0) / (n - 1)
    return critic.diagonal() + 1 - by_y - by_z + ratios.sum() / (n * (n - 1))


def _normal_scores(points: Floats) -> Floats:
    """Columns of ``points`` (N, d) as the normal quantiles of their ranks; ties share one."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(points, axis=0) - 0.5) / len(points)))


def _decorrelated(points: Floats) -> Floats:
    """``points`` (N, d) as (N, rank), uncorrelated, of variance 1; constant columns drop out."""
    centred = points - points.mean(axis=0)
    vectors, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    varies = lengths > 1e-6 * max(float(lengths.max(initial=0.0)), 1.0)
    return np.asarray(vectors[:, varies] * math.sqrt(len(points)))
