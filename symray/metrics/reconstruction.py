"""Reconstruction errors."""

import torch
from torch import Tensor

from symray.metrics.points import Points


def mae(a: Points, b: Points) -> float:
    """Mean absolute error of a (N, ...) and b: summed over dimensions, mean over the N points.

    Raises:
        ValueError: the shapes differ.
    """
    first, second = _tensor(a), _tensor(b)
    if first.shape != second.shape:
        raise ValueError(
            f"mae of shapes {tuple(first.shape)} and {tuple(second.shape)} that differ"
        )
    return float((first - second).abs().double().sum() / len(first))


def _tensor(values: Points) -> Tensor:
    return values.detach() if isinstance(values, Tensor) else torch.tensor(values)
