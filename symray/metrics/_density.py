"""Conditional densities q(y|z): ensembles of mixture density networks, trained side by side.

All networks of all folds are one stack of tensors with a leading dimension M and train in one loop,
which costs little more than one of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn.functional import silu
from torch.nn.utils import clip_grad_norm_
from torch.optim import AdamW

COMPONENTS = 4
WIDTH = 64
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
LARGEST_BATCH = 256
EPOCHS = 200
PATIENCE = 10
LARGEST_GRADIENT = 5.0

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Mixture:
    """Mixtures of K Gaussians over y, any number of them.

    Attributes:
        log_weight: (..., K), log of the weight times the factor's determinant.
        mean: (..., K, dy).
        factor: (..., K, dy, dy), lower triangular; ``factor^T factor`` is the precision.
    """

    log_weight: Tensor
    mean: Tensor
    factor: Tensor

    def log_density(self, y: Tensor) -> Tensor:
        """Of y (..., dy), one for each mixture: (...)."""
        centred = y[..., None, :] - self.mean
        return self._sum((self.factor * centred[..., None, :]).sum(-1))

    def log_densities(self, y: Tensor) -> Tensor:
        """Of every y (n, dy) under every one of J mixtures: (n, J)."""
        dy = y.shape[1]
        moved = (self.factor * self.mean[..., None, :]).sum(-1)
        scaled = (y @ self.factor.reshape(-1, dy).T).view(len(y), *moved.shape) - moved
        return self._sum(scaled)

    def _sum(self, scaled: Tensor) -> Tensor:
        distance = (scaled**2 + math.log(2 * math.pi)).sum(-1)
        return (self.log_weight - 0.5 * distance).logsumexp(-1)


@dataclass(frozen=True)
class Ensemble:
    """The mean of the densities of M networks."""

    weights: Weights

    @torch.no_grad()
    def log_density(self, z: Tensor, y: Tensor) -> Tensor:
        """log q(y_i|z_j) of all pairs of z (J, dx) and y (n, dy): (n, J), in float64."""
        members = len(self.weights["skip"])
        made = mixture(self.weights, z.expand(members, -1, -1))
        parts = zip(made.log_weight, made.mean, made.factor, strict=True)
        logs = torch.stack([Mixture(*part).log_densities(y).double() for part in parts])
        return logs.logsumexp(0) - math.log(members)


def mixture(weights: Weights, z: Tensor) -> Mixture:
    """The networks' densities of y at z (M, B, dx): two hidden layers beside a linear map."""
    hidden = silu(torch.baddbmm(weights["b1"], z, weights["w1"]))
    hidden = silu(torch.baddbmm(weights["b2"], hidden, weights["w2"]))
    raw = torch.baddbmm(weights["b3"], hidden, weights["w3"])
    dy = weights["skip"].shape[-1]
    raw = raw.view(*raw.shape[:2], COMPONENTS, -1)
    logit, mean, log_diagonal, below = torch.split(raw, [1, dy, dy, dy * (dy - 1) // 2], dim=-1)
    mean = mean + torch.bmm(z, weights["skip"])[:, :, None]
    log_diagonal = (log_diagonal + weights["log_precision"][:, :, None]).clamp(-5, 6)
    factor = torch.diag_embed(log_diagonal.exp())
    if dy > 1:
        row, column = torch.tril_indices(dy, dy, offset=-1)
        lower = torch.zeros_like(factor)
        lower[..., row, column] = below
        factor = factor + lower
    return Mixture(logit.squeeze(-1).log_softmax(-1) + log_diagonal.sum(-1), mean, factor)


def fit(
    z: Tensor, y: Tensor, folds: Sequence[Tensor], generator: torch.Generator
) -> list[Ensemble]:
    """For each fold the densities learned without it, by early stopping on other folds.

    A network is trained on all folds but two. It is kept twice: as it was best on one of the two,
    for the other, and the other way round. So an ensemble for a fold has as many members as there
    are other folds.

    Args:
        z: (N, dx), uncorrelated, of variance 1.
        y: (N, dy), likewise.
        folds: indices into the points, at least three parts of nearly one size.
        generator: of weights and minibatches.
    """
    pairs = list(combinations(range(len(folds)), 2))
    size = min(map(len, folds))
    training = torch.stack(
        [
            torch.cat([fold[:size] for i, fold in enumerate(folds) if i not in pair])
            for pair in pairs
        ]
    )
    weights = _linear(z[training], y[training], generator)
    stopping = [torch.stack([folds[pair[side]][:size] for pair in pairs]) for side in (0, 1)]
    best = [_Best(weights, z[points], y[points]) for points in stopping]
    optimizer = AdamW(weights.values(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, foreach=True)
    since = 0
    for _ in range(EPOCHS):
        _run_epoch(weights, optimizer, z, y, training, generator)
        improved = [one.update(weights) for one in best]
        since = 0 if any(improved) else since + 1
        if since == PATIENCE:
            break
    return [_without(fold, pairs, best) for fold in range(len(folds))]


def _run_epoch(
    weights: Weights,
    optimizer: AdamW,
    z: Tensor,
    y: Tensor,
    training: Tensor,
    generator: torch.Generator,
) -> None:
    """Each network sees its points (M, n) once, in an order of its own."""
    members, n = training.shape
    batch = min(n, max(n // 16, 32), LARGEST_BATCH)
    order = torch.rand(members, n, generator=generator).argsort(1)
    for rows in torch.split(training.gather(1, order)[:, : n - n % batch], batch, dim=1):
        loss = -mixture(weights, z[rows]).log_density(y[rows]).mean(1).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(weights.values(), LARGEST_GRADIENT * members**0.5)
        optimizer.step()


class _Best:
    """Each network as it was when it was best on points (M, n) that it is not trained on."""

    def __init__(self, weights: Weights, z: Tensor, y: Tensor) -> None:
        self._z, self._y = z, y
        self._score = self._evaluated(weights)
        self.weights = {name: tensor.detach().clone() for name, tensor in weights.items()}

    def update(self, weights: Weights) -> bool:
        """Keep the networks that have become better, and say whether any has."""
        score = self._evaluated(weights)
        better = score > self._score
        self._score[better] = score[better]
        for name, tensor in weights.items():
            self.weights[name][better] = tensor.detach()[better]
        return bool(better.any())

    @torch.no_grad()
    def _evaluated(self, weights: Weights) -> Tensor:
        return mixture(weights, self._z).log_density(self._y).mean(1)


def _mean_square(residuals: Tensor) -> Tensor:
    """Of (M, n, dy) over the points: (M, 1, dy)."""
    return (residuals**2).mean(1, keepdim=True)


def _without(fold: int, pairs: Sequence[tuple[int, int]], best: Sequence[_Best]) -> Ensemble:
    """The networks that have seen nothing of ``fold``: each as the other of its pair kept it."""
    members = [
        (best[1 - pair.index(fold)].weights, i) for i, pair in enumerate(pairs) if fold in pair
    ]
    names = best[0].weights
    return Ensemble({name: torch.stack([kept[name][i] for kept, i in members]) for name in names})


def _linear(z: Tensor, y: Tensor, generator: torch.Generator) -> Weights:
    """Networks that begin as a linear regression of y (M, n, dy) on z (M, n, dx).

    Its slopes are shrunk by the share of R^2 that is left after adjusting for the number of
    columns, so that where z tells nothing q(y|z) begins as the marginal.
    """
    members, n, dx = z.shape
    dy = y.shape[2]
    # the default, gelsy, rounds by where in memory its workspace lies
    slopes = torch.linalg.lstsq(z, y, driver="gelsd").solution
    r2 = 1 - _mean_square(y - z @ slopes) / _mean_square(y)
    adjusted = r2 - (1 - r2) * dx / max(n - dx, 1)
    kept = (adjusted / r2).nan_to_num().clamp(0, 1)
    slopes = slopes * kept
    variance = _mean_square(y - z @ slopes) * (1 + 2 * kept * dx / n)

    def normal(*shape: int, scale: float) -> Tensor:
        return torch.randn(*shape, generator=generator) * scale

    outputs = 1 + 2 * dy + dy * (dy - 1) // 2
    offsets = torch.zeros(members, 1, COMPONENTS, outputs)
    offsets[..., 1 : 1 + dy] = normal(members, 1, COMPONENTS, dy, scale=0.1)
    offsets[..., 1 : 1 + dy] *= variance[:, :, None].sqrt()
    weights = {
        "w1": normal(members, dx, WIDTH, scale=dx**-0.5),
        "b1": torch.zeros(members, 1, WIDTH),
        "w2": normal(members, WIDTH, WIDTH, scale=WIDTH**-0.5),
        "b2": torch.zeros(members, 1, WIDTH),
        "w3": normal(members, WIDTH, COMPONENTS * outputs, scale=0.01 * WIDTH**-0.5),
        "b3": offsets.flatten(2),
        "skip": slopes,
        "log_precision": -0.5 * variance.log(),
    }
    return {name: tensor.requires_grad_() for name, tensor in weights.items()}
