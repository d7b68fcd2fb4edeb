"""Non-Syn VAE (ICLR 2019 submission): penalises what is only known from many latents together."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from symray.data.base import Batch
from symray.metrics.synergy import OMEGA, synergy_term
from symray.models.base import Hyperparameters, Loss, Noise, Phase
from symray.models.beta_vae import BetaVAE


class NonSynVAE(BetaVAE):
    """Algorithm 1 of the paper: two steps on two minibatches, with one optimiser.

    - elbo (phi, theta): ``KL + lambda * Xrec`` on the first batch
    - synergy (phi): ``alpha * I_max`` on the second, encoded by the updated encoder; ``I_max`` is
      the KL of the latents that the greedy policy with the discount ``omega`` leaves out
    """

    hyperparameters: ClassVar[Mapping[str, float]] = {"alpha": 5.0, "omega": OMEGA}
    batches_per_step = 2
    traced: ClassVar[Sequence[str]] = ("synergy",)
    phases: ClassVar[Sequence[Phase]] = (
        Phase("elbo", ("encoder", "decoder_x")),
        Phase("synergy", ("encoder",)),
    )

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """One draw of every code; the synergy is a function of the posterior."""
        return super().noise(phase, batch_size) if phase == "elbo" else {}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The formula of ``phase``; logs its terms."""
        if phase == "elbo":
            step = self._reconstruct(batches[0], noise["z"])
            loss = step.kl + hp["lambda"] * step.x_rec
            return loss, {"kl": step.kl, "x_rec": step.x_rec}
        mu, log_sigma = self.posterior(batches[1].x)
        synergy = synergy_term(mu, 2 * log_sigma, hp["omega"])
        return hp["alpha"] * synergy, {"synergy": synergy}
