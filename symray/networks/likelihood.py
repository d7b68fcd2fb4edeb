"""Minus log likelihoods up to constants: what reconstruction terms are made of."""

from torch import Tensor


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Squared error summed over dimensions, mean over the batch; () from two (B, d)."""
    return (prediction - target).square().sum(-1).mean()
