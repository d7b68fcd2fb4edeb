"""FactorVAE (Kim & Mnih 2018): a discriminator estimates the total correlation of the latents."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from symray.data.base import Batch
from symray.metrics.synergy import OMEGA, synergy_term
from symray.models.base import Hyperparameters, Loss, Noise, Phase
from symray.models.beta_vae import BetaVAE
from symray.models.gaussian import reparametrise
from symray.networks import Networks, frozen, mlp

LEAK = 0.2


class FactorVAE(BetaVAE):
    """Algorithm 2 of the paper: two alternating phases on two minibatches.

    - vae: ``KL + lambda * Xrec + gamma * E[D_0(z) - D_1(z)]`` on the first batch
    - discriminator: tells codes z of the first batch (class 0) from codes of the second whose
      dimensions were permuted among the points independently of each other (class 1)

    D are the discriminator's two logits. Its phase encodes both batches anew.
    """

    architecture: ClassVar[Mapping[str, int]] = {
        **BetaVAE.architecture,
        "discriminator_width": 1000,
        "discriminator_layers": 6,
    }
    hyperparameters: ClassVar[Mapping[str, float]] = {"gamma": 10.0}
    batches_per_step = 2
    traced: ClassVar[Sequence[str]] = ("synergy",)
    phases: ClassVar[Sequence[Phase]] = (
        Phase("vae", ("encoder", "decoder_x")),
        Phase(
            "discriminator",
            ("discriminator",),
            "discriminator",
            adversarial=True,
            betas=(0.5, 0.9),
        ),
    )

    def __init__(
        self,
        networks: Networks,
        latent_dims: int,
        discriminator_width: int,
        discriminator_layers: int,
    ) -> None:
        super().__init__(networks, latent_dims)
        hidden = [discriminator_width] * discriminator_layers
        self.discriminator = mlp([latent_dims, *hidden, 2], partial(nn.LeakyReLU, LEAK))

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """A draw of the codes; the discriminator also needs a second and an order per latent."""
        shape = (batch_size, len(self.z1_mask))
        names = ("z",) if phase == "vae" else ("z", "z_other", "order")
        return dict.fromkeys(names, shape)

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The formula of ``phase``; vae logs the estimated total correlation in nats.

        And the synergy that Non-Syn VAE would penalise, which nothing is trained on here.
        """
        if phase == "vae":
            return self._vae(batches[0], noise["z"], hp)
        return self._discriminate(batches, noise)

    def _vae(self, batch: Batch, eps: Tensor, hp: Hyperparameters) -> Loss:
        step = self._reconstruct(batch, eps)
        logits = frozen(self.discriminator, step.z)  # D is fixed here
        tc = (logits[:, 0] - logits[:, 1]).mean()
        with torch.no_grad():  # only to be compared with Non-Syn VAE's
            synergy = synergy_term(step.mu, 2 * step.log_sigma, OMEGA)
        loss = step.kl + hp["lambda"] * step.x_rec + hp["gamma"] * tc
        return loss, {"kl": step.kl, "x_rec": step.x_rec, "tc": tc, "synergy": synergy}

    def _discriminate(self, batches: Sequence[Batch], noise: Noise) -> Loss:
        with torch.no_grad():  # the encoder is fixed here
            z = reparametrise(*self.posterior(batches[0].x), noise["z"])
            other = reparametrise(*self.posterior(batches[1].x), noise["z_other"])
            permuted = other.gather(0, noise["order"].argsort(0))
        real, shuffled = self.discriminator(z), self.discriminator(permuted)
        zeros = torch.zeros(len(z), dtype=torch.long, device=z.device)
        loss = (cross_entropy(real, zeros) + cross_entropy(shuffled, zeros + 1)) / 2
        right = (real[:, 0] > real[:, 1]).float().mean()
        right = (right + (shuffled[:, 1] > shuffled[:, 0]).float().mean()) / 2
        return loss, {"accuracy": right}
