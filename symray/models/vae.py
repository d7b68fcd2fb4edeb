"""VAE: one shared Z reconstructs X and Y; the baseline of the STIB paper (appendix 2.1.1)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Model, Noise, Phase
from symray.models.gaussian import kl, reparametrise
from symray.networks import Networks, squared_error


class VAE(Model):
    """Minimises ``KL + lambda * (Xrec + y_weight * Yrec)``; pretrained by ``KL + lambda * Xrec``.

    Y is predicted from the whole Z, which counts as Z0: ``z1_dims`` is ignored. Log sigma is one
    free vector (Z,), shared by all points, and begins at the prior's 0.
    """

    hyperparameters: ClassVar[Mapping[str, float]] = {"y_weight": 3.0}
    phases: ClassVar[Sequence[Phase]] = (
        Phase("minimise", ("encoder", "log_sigma", "decoder_x", "decoder_y"), "minimise"),
    )
    pretraining = Phase("pretrain", ("encoder", "log_sigma", "decoder_x"), "pretrain")
    splits = False

    def __init__(self, networks: Networks, latent_dims: int, z1_dims: int) -> None:
        super().__init__(networks, latent_dims, z1_dims if self.splits else 0)
        self.encoder = networks.encoder(latent_dims)
        self.log_sigma = nn.Parameter(torch.zeros(latent_dims))
        self.decoder_x = networks.decoder_x(latent_dims)
        self.decoder_y = networks.decoder_y(latent_dims, z1_dims if self.splits else latent_dims)

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """One draw of every code."""
        return {"z": (batch_size, len(self.log_sigma))}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The class's formula; logs its terms."""
        if phase == "pretrain":
            _, kl_z, x_rec = self._reconstruct(batches[0], noise["z"])
            return kl_z + hp["lambda"] * x_rec, {"kl": kl_z, "x_rec": x_rec}
        _, loss, logs = self._bottleneck(batches[0], noise["z"], hp)
        return loss, logs

    def _bottleneck(
        self, batch: Batch, eps: Tensor, hp: Hyperparameters
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Codes z (B, Z), the loss and its terms."""
        z, kl_z, x_rec = self._reconstruct(batch, eps)
        y_rec = squared_error(self.predict(z), batch.y)
        loss = kl_z + hp["lambda"] * (x_rec + hp["y_weight"] * y_rec)
        return z, loss, {"kl": kl_z, "x_rec": x_rec, "y_rec": y_rec}

    def _reconstruct(self, batch: Batch, eps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Codes z (B, Z), KL () and Xrec ()."""
        mu = self.encoder(batch.x)
        z = reparametrise(mu, self.log_sigma, eps)
        kl_z = kl(mu, self.log_sigma).sum(-1).mean()
        return z, kl_z, self.networks.x_error(self.decode(z), batch.x)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(z|x), each (N, Z)."""
        mu: Tensor = self.encoder(x)
        return mu, self.log_sigma.expand_as(mu)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """X from all of Z; ``y`` is not used."""
        return self.decoder_x(z)  # type: ignore[no-any-return]

    def predict(self, z: Tensor) -> Tensor:
        """Y (N, dy) from all of Z."""
        return self.decoder_y(z)  # type: ignore[no-any-return]
