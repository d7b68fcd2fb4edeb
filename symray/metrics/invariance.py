"""What a model's own decoder says of the split (Z0, Z1): resample Z0 and see what moves."""

from collections.abc import Callable

import torch
from torch import Tensor

from symray.metrics.reconstruction import mae

Map = Callable[[Tensor], Tensor]


def resample_z0(z: Tensor, z0_mask: Tensor, seed: int) -> Tensor:
    """Codes z (N, Z) with the rows of Z0 permuted among the points.

    That draws Z0 from its aggregate posterior, independently of Z1. ``z0_mask`` (Z,) is 1 where a
    latent belongs to Z0. The permutation depends on the seed and N only, not on the device.
    """
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))
    return torch.where(z0_mask > 0, z[order.to(z.device)], z)


@torch.no_grad()
def y_shift(
    z: Tensor, z0_mask: Tensor, decode: Map, posterior_mean: Map, predict: Map, seed: int
) -> float:
    """How far the property of a decoded X moves when only Z0 moves (Samarin et al. 2021).

    Mean over the points of ``sum_j |y_j(x) - y_j(x')|``: x is decoded from z (N, Z), x' from z with
    Z0 resampled, and each is encoded again and its property predicted. No density is estimated.

    Args:
        z: codes (N, Z), usually posterior means.
        z0_mask: (Z,), 1 for Z0 and 0 for Z1.
        decode: z (N, Z) to x.
        posterior_mean: x to z (N, Z).
        predict: z (N, Z) to y (N, dy).
        seed: of the permutation.
    """

    def property_of(codes: Tensor) -> Tensor:
        return predict(posterior_mean(decode(codes)))

    return mae(property_of(z), property_of(resample_z0(z, z0_mask, seed)))


@torch.no_grad()
def z0_gain(z: Tensor, z0_mask: Tensor, error: Callable[[Tensor], float], seed: int) -> float:
    """What the reconstruction of X owes to Z0: the rise of its error when Z0 is resampled.

    Near 0 when Z0 carries nothing that the decoder uses, and then its invariance is empty.

    Args:
        z: codes (N, Z), usually posterior means.
        z0_mask: (Z,), 1 for Z0 and 0 for Z1.
        error: of the reconstructions from codes (N, Z).
        seed: of the permutation.
    """
    return error(resample_z0(z, z0_mask, seed)) - error(z)
