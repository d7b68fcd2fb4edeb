"""CVAE and CVIB: the decoder is told Y, so that Z need not know it (STIB appendix 2.1.1)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Model, Noise, Phase
from symray.models.gaussian import kl, mean_pairwise_kl, reparametrise
from symray.networks import Networks


class CVAE(Model):
    """Minimises ``KL + lambda * Xrec``; pretrained by the same with Y unknown, which is 0.

    The encoder sees X only and gives mean and log sigma of each point; the decoder gets [z, y].
    Z has the size of Z0: the latents of Z1 are 0 everywhere, and their KL with them.
    """

    predicts_y = False
    conditional = True
    phases = (Phase("minimise", ("encoder", "decoder_x"), "minimise"),)
    pretraining = Phase("pretrain", ("encoder", "decoder_x"), "pretrain")

    def __init__(self, networks: Networks, latent_dims: int, z1_dims: int) -> None:
        super().__init__(networks, latent_dims, z1_dims)
        y_dims = networks.y_dims
        self.encoder = networks.encoder(2 * latent_dims)
        self.decoder_x = networks.decoder_x(latent_dims + y_dims, latent_dims - z1_dims + y_dims)

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """One draw of every code."""
        return {"z": (batch_size, len(self.z1_mask))}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The class's formula; logs its terms."""
        mu, log_sigma, x_rec = self._reconstruct(batches[0], noise["z"])
        kl_z = kl(mu, log_sigma).sum(-1).mean()
        return kl_z + hp["lambda"] * x_rec, {"kl": kl_z, "x_rec": x_rec}

    def _reconstruct(self, batch: Batch, eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and log sigma of the codes (B, Z), and Xrec ()."""
        mu, log_sigma = self.posterior(batch.x)
        z = reparametrise(mu, log_sigma, eps)
        return mu, log_sigma, self.networks.x_error(self.decode(z, batch.y), batch.x)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(z|x), each (N, Z), 0 for the latents of Z1."""
        mu, log_sigma = self.encoder(x).chunk(2, dim=-1)
        return mu * self.z0_mask, log_sigma * self.z0_mask

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """X from Z0 and ``y``; z1 may be anything.

        Raises:
            TypeError: without ``y``.
        """
        if y is None:
            raise TypeError(f"{type(self).__name__} decodes X from Z and Y: give y")
        return self.decoder_x(torch.cat([z * self.z0_mask, y], dim=-1))  # type: ignore[no-any-return]


class CVIB(CVAE):
    """Minimises ``kl_weight * KL + lambda * x_weight * Xrec + 1/B^2 sum_ij KL(q_i || q_j)``.

    Moyer et al. 2018 in the form of their later tutorial, without the entropy term they withdrew.
    """

    hyperparameters: ClassVar[Mapping[str, float]] = {"kl_weight": 0.1, "x_weight": 2.0}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The class's formula; logs its terms."""
        if phase == "pretrain":
            return super().loss(phase, batches, noise, hp)
        mu, log_sigma, x_rec = self._reconstruct(batches[0], noise["z"])
        kl_z = kl(mu, log_sigma).sum(-1).mean()
        pairs = mean_pairwise_kl(mu, log_sigma)
        loss = hp["kl_weight"] * kl_z + hp["lambda"] * hp["x_weight"] * x_rec + pairs
        return loss, {"kl": kl_z, "x_rec": x_rec, "pairwise_kl": pairs}
