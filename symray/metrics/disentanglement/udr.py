"""Unsupervised disentanglement ranking: models that agree with other seeds' are disentangled."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from symray.metrics.disentanglement.activity import active_latents
from symray.metrics.points import Floats, Points, as_points, standardised

Version = Literal["lasso", "spearman"]

LASSO_PENALTY = 0.1


def udr(
    codes: Sequence[Points],
    *,
    version: Version = "lasso",
    informative: Sequence[NDArray[np.bool_]] | None = None,
) -> Floats:
    """The UDR of each of M models from their codes of the same images, (M,); no factors are needed.

    Duan et al. 2020, section 4, in their code's form. R (d_i, d_j) are the absolute weights of a
    lasso of each latent of model j from the standardised latents of model i (Lasso version), or the
    absolute rank correlations (Spearman version). The score of a pair is ``1/2 (mean over the
    columns of max^2 / sum + mean over the rows of it)`` among the informative latents; 0 if either
    has none, or a row is all 0. A model's is the median over the other models. Compare models of
    one architecture and one data set, ideally the same hyperparameters under several seeds.

    Args:
        codes: M >= 2 arrays (N, d_i), means of q(z|x) of the same N images in the same order.
        version: "lasso" (the paper's default) or "spearman".
        informative: for each model which latents carry information, (d_i,), in the paper those with
            a mean KL above 0.01 nats; by default those that are active
            (:func:`~symray.metrics.disentanglement.activity.active_latents`).

    Raises:
        ValueError: fewer than two models, other versions, or numbers of codes that differ.
    """
    if len(codes) < 2:
        raise ValueError(f"{len(codes)} models; a ranking by agreement takes at least 2")
    if version not in ("lasso", "spearman"):
        raise ValueError(f"version is {version!r}; use 'lasso' or 'spearman'")
    points = [as_points(z, f"codes[{i}]") for i, z in enumerate(codes)]
    if len({len(z) for z in points}) > 1:
        raise ValueError(f"models encoded {[len(z) for z in points]} images; give the same to all")
    masks = [active_latents(z) for z in points] if informative is None else informative
    # what isn't informative explains nothing and is not asked for
    told = [standardised(z)[:, mask] for z, mask in zip(points, masks, strict=True)]
    pair = _lasso if version == "lasso" else _spearman
    if version == "spearman":
        told = [_ranks(z) for z in told]
    models = range(len(told))
    scores = np.array([[_agreement(pair, told[i], told[j]) for j in models] for i in models])
    return np.array([np.median(np.delete(scores[:, j], j)) for j in models])


def relative_strength(relation: Floats) -> float:
    """How nearly one-to-one ``relation`` (a, b) of values >= 0 is; eq. 2 of the paper.

    ``1/2 (mean_b max_a R^2 / sum_a R + mean_a max_b R^2 / sum_b R)``, all-zero sums counting 0.
    """

    def along(axis: int) -> float:
        total = relation.sum(axis=axis)
        strength = relation.max(axis=axis) ** 2 / np.where(total > 0, total, 1)
        return float(strength.mean())

    return (along(0) + along(1)) / 2


def _agreement(pair, first: Floats, second: Floats) -> float:  # type: ignore[no-untyped-def]
    if first is second or not first.shape[1] or not second.shape[1]:
        return 0.0
    return relative_strength(np.abs(pair(first, second)))


def _lasso(first: Floats, second: Floats) -> Floats:
    """Weights (a, b) of lassos of each column of ``second`` on the columns of ``first``."""
    # scikit-learn takes over a second to import: only who ranks pays for it
    from sklearn.linear_model import Lasso

    weights = Lasso(alpha=LASSO_PENALTY).fit(first, second).coef_
    return np.asarray(weights).reshape(second.shape[1], first.shape[1]).T


def _spearman(first: Floats, second: Floats) -> Floats:
    """Correlations (a, b) of the columns of standardised ranks."""
    return np.asarray(first.T @ second / len(first))


def _ranks(codes: Floats) -> Floats:
    from scipy.stats import rankdata

    return standardised(np.asarray(rankdata(codes, axis=0)))
