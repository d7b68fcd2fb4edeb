"""Minus log likelihoods up to constants: what reconstruction terms are made of."""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Squared error summed over dimensions, mean over the batch; () from two (B, d)."""
    return (prediction - target).square().sum(-1).mean()


def categorical_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """In nats, summed over positions, mean over the batch; () from two (B, L, V).

    ``target`` are probabilities, usually one-hot.
    """
    return -(target * log_softmax(logits, dim=-1)).sum((-1, -2)).mean()


def masked_cross_entropy(logits: Tensor, target: Tensor, together: Tensor) -> Tensor:
    """:func:`categorical_cross_entropy` where only some symbols compete with the true one.

    Args:
        logits: (B, L, V).
        target: one-hot (B, L, V).
        together: (V, V), row v is 1 for the symbols that compete where v is true, v among them.
    """
    others = (target @ together) == 0
    return categorical_cross_entropy(logits.masked_fill(others, -1e9), target)


def bernoulli_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """In nats, summed over pixels, mean over the batch; () from two (B, C, H, W)."""
    return binary_cross_entropy_with_logits(logits, target, reduction="sum") / len(target)
