"""The metric of FactorVAE: which latent varies least where one factor is fixed?"""

import torch
from torch import Tensor

from symray.metrics.disentanglement.encoded import FactorGroups, Factors, as_encoded
from symray.metrics.points import Points

PIECE = 1_000  # votes whose codes are held at a time


def factor_vae_metric(
    codes: Points,
    factors: Factors,
    *,
    batch: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    variance_rows: int = 10_000,
    least_deviation: float = 0.05,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> float:
    """Held-out accuracy of the majority vote of Kim & Mnih 2018, section 4; 1 is best.

    For each vote a factor is drawn and ``batch`` codes that share a value of it; the latent of the
    least variance there, relative to its variance in all, votes for the factor. A latent stands for
    the factor that it voted for most often in training. Chance is 1 / f. Without an active latent
    it is 0. The defaults are those of disentanglement_lib (Locatello et al. 2019).

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, f) integer classes.
        batch: codes that share a factor's value.
        train: votes to train on.
        test: votes to test on.
        variance_rows: codes that estimate each latent's variance; all of them where N is less.
        least_deviation: latents of a smaller standard deviation have collapsed and don't vote.
        seed: of all that is drawn.
        device: where the codes are gathered; a torch device with float64.

    Raises:
        ValueError: codes or factors that :func:`~symray.metrics.disentanglement.encoded.as_encoded`
            refuses, or ``batch`` below 2.
    """
    if batch < 2:
        raise ValueError(f"batch is {batch}; a variance takes at least 2 codes")
    points, classes = as_encoded(codes, factors)
    groups = FactorGroups(classes, seed, device)
    z = torch.from_numpy(points).to(device)
    sample = z if len(z) <= variance_rows else z[groups.any_rows((variance_rows,))]
    variance = sample.var(0)
    active = variance.sqrt() >= least_deviation
    if not active.any():
        return 0.0
    z = z[:, active] / variance[active].sqrt()
    training, held_out = _votes(z, groups, train, batch), _votes(z, groups, test, batch)
    right = held_out.gather(1, training.argmax(dim=1, keepdim=True)).sum()
    return float(right / test)


def _votes(z: Tensor, groups: FactorGroups, votes: int, batch: int) -> Tensor:
    """How often each latent of ``z`` (N, d), of variance 1, voted for each factor; (d, f)."""
    factor = groups.which((votes,))
    alike = groups.any_rows((votes, 1)).expand(-1, batch)
    rows = groups.rows_like(alike, factor.unsqueeze(1).expand(-1, batch))
    latent = torch.cat([z[piece].var(1).argmin(dim=1) for piece in torch.split(rows, PIECE)])
    latents, all_factors = z.shape[1], groups.factors.shape[1]
    counts = torch.bincount(latent * all_factors + factor, minlength=latents * all_factors)
    return counts.view(latents, all_factors)
