"""STIB, the symmetry-transformation information bottleneck (Wieser et al., NeurIPS 2020).

Z1 predicts Y, Z0 and Z1 together reconstruct X, and an adversary keeps Y out of Z0. Symbols: phi
encoder and log sigma, tau decoder of X, theta decoder of Y, delta adversary with h and h^-1.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Noise, Phase
from symray.models.correlation import gaussian_information
from symray.models.gaussian import reparametrise
from symray.models.vae import VAE
from symray.networks import Networks, frozen, squared_error


class STIBWithoutAdversary(VAE):
    """Minimises ``KL + lambda * (Xrec + y_weight * Yrec)`` with Y predicted from Z1 only."""

    splits = True

    def predict(self, z: Tensor) -> Tensor:
        """Y (N, dy) from Z1; z0 may be anything."""
        return super().predict(z * self.z1_mask)


class STIB(STIBWithoutAdversary):
    """Algorithm 1 of the paper's appendix: two alternating phases on the same minibatch.

    - minimise (phi, tau, theta): ``KL + lambda * (Xrec + y_weight * Yrec + beta * R)``
    - maximise (delta): ``-(R - bijection_weight * bijection)``

    with ``R`` the Gaussian information of a = adversary(z0) and b = h(y), and ``bijection`` the
    squared error of ``h^-1(h(y))``.
    """

    hyperparameters: ClassVar[Mapping[str, float]] = {
        "beta": 400.0,
        "bijection_weight": 0.01,
        "y_weight": 1.0,
    }
    phases: ClassVar[Sequence[Phase]] = (
        *STIBWithoutAdversary.phases,
        Phase(
            "maximise",
            ("adversary", "h", "h_inverse"),
            "maximise",
            adversarial=True,
            repeat="adversary_steps",
        ),
    )

    def __init__(self, networks: Networks, latent_dims: int, z1_dims: int) -> None:
        super().__init__(networks, latent_dims, z1_dims)
        self.adversary = networks.adversary(latent_dims, latent_dims - z1_dims)
        self.h = networks.bijection()
        self.h_inverse = networks.bijection()

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The formula of ``phase``; minimise logs R as mi_penalty, maximise as adversary_mi."""
        if phase == "minimise":
            return self._minimise(batches[0], noise["z"], hp)
        if phase == "maximise":
            return self._maximise(batches[0], noise["z"], hp)
        return super().loss(phase, batches, noise, hp)

    def _minimise(self, batch: Batch, eps: Tensor, hp: Hyperparameters) -> Loss:
        z, loss, logs = self._bottleneck(batch, eps, hp)
        a = frozen(self.adversary, z * self.z0_mask)  # delta is fixed here
        with torch.no_grad():
            b = self.h(batch.y)
        r = gaussian_information(a, b)
        return loss + hp["lambda"] * hp["beta"] * r, {**logs, "mi_penalty": r}

    def _maximise(self, batch: Batch, eps: Tensor, hp: Hyperparameters) -> Loss:
        with torch.no_grad():  # phi is fixed here
            z0 = reparametrise(self.encoder(batch.x), self.log_sigma, eps) * self.z0_mask
        b = self.h(batch.y)
        r = gaussian_information(self.adversary(z0), b)
        bijection = squared_error(self.h_inverse(b), batch.y)
        loss = hp["bijection_weight"] * bijection - r
        return loss, {"adversary_mi": r, "bijection": bijection}
