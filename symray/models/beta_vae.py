"""beta-VAE (Higgins et al. 2017), and with it the plain VAE: no split, no Y."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from torch import Tensor

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Model, Noise, Phase
from symray.models.gaussian import kl, reparametrise
from symray.networks import Networks


class Reconstruction(NamedTuple):
    """What both terms of an ELBO come from: mean, log sigma and codes (B, Z), KL () and Xrec ()."""

    mu: Tensor
    log_sigma: Tensor
    z: Tensor
    kl: Tensor
    x_rec: Tensor


class BetaVAE(Model):
    """Minimises ``beta * KL + lambda * Xrec``; with ``beta`` 1 the plain VAE.

    The encoder gives mean and log variance of each point. All of Z counts as Z0.
    """

    architecture: ClassVar[Mapping[str, int]] = {"latent_dims": 10}
    hyperparameters: ClassVar[Mapping[str, float]] = {"beta": 4.0}
    uses_y = False
    predicts_y = False
    splits = False
    phases: ClassVar[Sequence[Phase]] = (Phase("elbo", ("encoder", "decoder_x")),)

    def __init__(self, networks: Networks, latent_dims: int) -> None:
        super().__init__(networks, latent_dims, 0)
        self.encoder = networks.encoder(2 * latent_dims)
        self.decoder_x = networks.decoder_x(latent_dims)

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """One draw of every code."""
        return {"z": (batch_size, len(self.z1_mask))}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The class's formula; logs its terms."""
        step = self._reconstruct(batches[0], noise["z"])
        loss = hp["beta"] * step.kl + hp["lambda"] * step.x_rec
        return loss, {"kl": step.kl, "x_rec": step.x_rec}

    def _reconstruct(self, batch: Batch, eps: Tensor) -> Reconstruction:
        mu, log_sigma = self.posterior(batch.x)
        z = reparametrise(mu, log_sigma, eps)
        return Reconstruction(
            mu=mu,
            log_sigma=log_sigma,
            z=z,
            kl=kl(mu, log_sigma).sum(-1).mean(),
            x_rec=self.networks.x_error(self.decode(z), batch.x),
        )

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(z|x), each (N, Z)."""
        mu, log_variance = self.encoder(x).chunk(2, dim=-1)
        return mu, log_variance / 2

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The parameters of p(x|z) from codes (N, Z); ``y`` is not used."""
        return self.decoder_x(z)  # type: ignore[no-any-return]
