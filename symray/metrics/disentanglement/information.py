"""Metrics of the mutual information between each latent, in bins, and each factor."""

import numpy as np
from numpy.typing import NDArray

from symray.metrics.disentanglement.encoded import Classes, Factors, as_encoded, draw_rows
from symray.metrics.disentanglement.score_gap import top_gap
from symray.metrics.points import Floats, Points

BINS = 20


def mig(
    codes: Points, factors: Factors, *, samples: int = 10_000, bins: int = BINS, seed: int = 0
) -> float:
    """The mutual information gap of Chen et al. 2018, eq. 6: in [0, 1], 1 is best.

    Mean over the factors of (the largest - the second largest mutual information with a latent) /
    the factor's entropy. A single latent has no second, which counts 0. 10,000 codes and 20 bins
    are disentanglement_lib's standard.

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, f) integer classes.
        samples: codes drawn without replacement; all where N is less.
        bins: of equal width, over the range of each latent.
        seed: of the draw.

    Raises:
        ValueError: codes or factors that :func:`~symray.metrics.disentanglement.encoded.as_encoded`
            refuses.
    """
    information, entropies = _informations(codes, factors, samples, bins, seed)
    return float((top_gap(information) / entropies).mean())


def modularity(
    codes: Points, factors: Factors, *, samples: int = 10_000, bins: int = BINS, seed: int = 0
) -> float:
    """The modularity of Ridgeway & Mozer 2018, eq. 2: in [0, 1], 1 if a latent knows one factor.

    Mean over the latents of ``1 - sum_(k != k*) I_k^2 / (I_k*^2 (f - 1))``, k* the factor that the
    latent knows best. A latent that knows nothing counts 0, one factor alone counts 1. Arguments
    and errors as :func:`mig`.
    """
    information, _ = _informations(codes, factors, samples, bins, seed)
    squares = information**2
    largest = squares.max(axis=1)
    others = squares.sum(axis=1) - largest
    knows = largest > 0
    deviation = others / np.where(knows, largest, 1) / max(squares.shape[1] - 1, 1)
    return float(np.where(knows, 1 - deviation, 0).mean())


def mutual_informations(binned: Classes, factors: Classes) -> Floats:
    """I(latent; factor) in nats, (d, f), of ``binned`` (N, d) and ``factors`` (N, f) from 0 on.

    All contingency tables at once, as one product of indicator matrices.
    """
    latents, rows_of = _indicators(binned)
    classes, columns_of = _indicators(factors)
    joint = (latents.T @ classes).astype(np.float64) / len(binned)
    independent = joint_of_margins(latents, classes)
    terms = joint * np.log(np.where(joint > 0, joint / independent, 1))
    information = np.zeros((binned.shape[1], factors.shape[1]))
    np.add.at(information, (rows_of[:, None], columns_of), terms)
    return np.maximum(information, 0)  # rounding may leave -1e-17


def joint_of_margins(latents: NDArray[np.float32], classes: NDArray[np.float32]) -> Floats:
    """What the joint frequencies would be if nothing depended on anything; 1 where they are 0."""
    margins = [part.mean(axis=0, dtype=np.float64) for part in (latents, classes)]
    product = np.outer(*margins)
    return np.where(product > 0, product, 1)


def _indicators(columns: Classes) -> tuple[NDArray[np.float32], Classes]:
    """Which class each row has, (N, all classes of all columns), and whose column each class is."""
    sizes = columns.max(axis=0) + 1
    starts = np.cumsum(sizes) - sizes
    indicators = np.zeros((len(columns), sizes.sum()), np.float32)
    np.put_along_axis(indicators, columns + starts, 1, axis=1)
    return indicators, np.repeat(np.arange(len(sizes)), sizes)


def in_bins(codes: Floats, bins: int) -> Classes:
    """``codes`` (N, d) as numbers of ``bins`` bins of equal width over each column's range."""
    binned = np.empty(codes.shape, np.int64)
    for latent, column in enumerate(codes.T):
        inner = np.histogram_bin_edges(column, bins)[1:-1]
        binned[:, latent] = np.searchsorted(inner, column, side="right")
    return binned


def _informations(
    codes: Points, factors: Factors, samples: int, bins: int, seed: int
) -> tuple[Floats, Floats]:
    """Mutual informations (d, f) and the factors' entropies (f,), in nats."""
    z, y = as_encoded(codes, factors)
    (rows,) = draw_rows(len(z), (samples,), seed)
    z, y = as_encoded(z[rows], y[rows])
    frequencies = [np.bincount(column) / len(y) for column in y.T]
    entropies = np.array([-(p * np.log(p)).sum() for p in frequencies])
    return mutual_informations(in_bins(z, bins), y), entropies
