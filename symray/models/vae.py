"""VAE: one shared Z reconstructs X and Y; the baseline of the STIB paper (appendix 2.1.1)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Model, Noise, Phase
from symray.models.gaussian import kl, reparametrise, squared_error
from symray.networks import mlp


class VAE(Model):
    """Minimises ``KL + lambda * (Xrec + y_weight * Yrec)``.

    Y is predicted from the whole Z, which counts as Z0: ``z1_dims`` is ignored. The encoder's
    hidden layers have no bias, its latent layer and all decoders have; log sigma is one free
    vector (Z,), shared by all points, and begins at the prior's 0.
    """

    hyperparameters: ClassVar[Mapping[str, float]] = {"y_weight": 3.0}
    phases: ClassVar[Sequence[Phase]] = (
        Phase("minimise", ("encoder", "log_sigma", "decoder_x", "decoder_y"), "minimise"),
    )
    splits: ClassVar[bool] = False

    def __init__(
        self,
        x_dims: int,
        y_dims: int,
        latent_dims: int,
        z1_dims: int,
        hidden_width: int,
        hidden_layers: int,
    ) -> None:
        super().__init__(latent_dims, z1_dims if self.splits else 0)
        hidden = [hidden_width] * hidden_layers
        self.encoder = mlp([x_dims, *hidden, latent_dims], bias=False)
        self.log_sigma = nn.Parameter(torch.zeros(latent_dims))
        self.decoder_x = mlp([latent_dims, *hidden, x_dims])
        y_sees = z1_dims if self.splits else latent_dims
        self.decoder_y = mlp([latent_dims, *hidden, y_dims], fan_in=y_sees)

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """One draw of every code."""
        return {"z": (batch_size, len(self.log_sigma))}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The class's formula; logs its three terms."""
        _, loss, logs = self._bottleneck(batches[0], noise["z"], hp)
        return loss, logs

    def _bottleneck(
        self, batch: Batch, eps: Tensor, hp: Hyperparameters
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Codes z (B, Z), the loss and its terms."""
        mu = self.encoder(batch.x)
        z = reparametrise(mu, self.log_sigma, eps)
        kl_z = kl(mu, self.log_sigma).sum(-1).mean()
        x_rec = squared_error(self.decode(z), batch.x)
        y_rec = squared_error(self.predict(z), batch.y)
        loss = kl_z + hp["lambda"] * (x_rec + hp["y_weight"] * y_rec)
        return z, loss, {"kl": kl_z, "x_rec": x_rec, "y_rec": y_rec}

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(z|x), each (N, Z)."""
        mu: Tensor = self.encoder(x)
        return mu, self.log_sigma.expand_as(mu)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """X (N, dx) from all of Z; ``y`` is not used."""
        return self.decoder_x(z)  # type: ignore[no-any-return]

    def predict(self, z: Tensor) -> Tensor:
        """Y (N, dy) from all of Z."""
        return self.decoder_y(z)  # type: ignore[no-any-return]
