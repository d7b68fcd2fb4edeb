"""The synergy that Non-Syn VAE penalises: what the latents outside its greedy choice still carry.

Non-Syn VAE (ICLR 2019 submission), Algorithms 2 to 4, as its author's code reads them.
"""

import torch
from torch import Tensor

OMEGA = 0.9
"""The paper's discount."""

ALPHA = 5.0
"""The paper's weight."""


def worst_latents(mu: Tensor, logvar: Tensor, omega: float | Tensor) -> Tensor:
    """The latents that the greedy policy leaves out, True in a mask (d,).

    The best latents begin empty, with I = 0. In each round the latents that aren't among the best
    at its start, the base, are tried in index order: c is taken in place of the round's earlier
    ones if ``KL(base + {c}) > I``, or ``omega KL(base + {c}) > I`` where the base isn't empty, and
    then I = KL(base + {c}). So a round adds at most one latent, and one that adds none is the last.
    The KL of a factorised Gaussian is the sum of its latents' KLs.

    Has no Python branch on data and doesn't synchronise: works under ``torch.func.vmap``, compiled
    and in a captured graph. A latent whose KL is NaN is never taken, so it is among the worst.

    Args:
        mu: means (B, d) of q(z|x).
        logvar: logarithms of its variances, (B, d).
        omega: how much of the new KL must exceed the old one; in (0, 1], a number or ().
    """
    return worst_by_kl(_kl(mu, logvar), omega)


def worst_by_kl(kl: Tensor, omega: float | Tensor) -> Tensor:
    """:func:`worst_latents` from the KL of each latent, mean over the batch, (d,).

    What a round takes last is found by following, from latent to latent, the next one that would
    replace it: the chain's end by doubling, log2 d gathers instead of a loop over d latents.
    """
    d = kl.shape[0]
    place = torch.arange(d + 1, device=kl.device)  # 0 stands for taking none, c + 1 for latent c
    later = place.unsqueeze(0) > place.unsqueeze(1)
    none, some = kl.new_zeros(1), torch.zeros(1, dtype=torch.bool, device=kl.device)
    best = torch.zeros_like(kl, dtype=torch.bool)
    information = kl.new_zeros(())
    discount: float | Tensor = 1.0
    for _ in range(d):
        reached = information + torch.cat([none, kl])  # (d + 1,)
        free = torch.cat([some, ~best])
        replaces = later & free & (discount * reached > reached.unsqueeze(1))
        following = torch.where(replaces, place, d + 1).amin(dim=1)
        following = torch.where(following > d, place, following)
        for _ in range(d.bit_length()):
            following = following[following]
        taken = following[:1]
        best = best | (place[1:] == taken)
        information = reached.gather(0, taken).squeeze(0)
        discount = omega
    return ~best


def synergy_term(mu: Tensor, logvar: Tensor, omega: float | Tensor) -> Tensor:
    """``I_max``: the KL of the worst latents, summed over them, mean over the batch, in nats; ().

    0 where none is left out. Non-Syn VAE's second step minimises alpha times this (eq. 16): it is
    differentiable in ``mu`` and ``logvar`` (B, d) of the worst latents, and the choice has no
    gradient.
    """
    kl = _kl(mu, logvar)
    worst = worst_by_kl(kl.detach(), omega)
    return torch.where(worst, kl, 0).sum()


def _kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp logvar) || N(0, 1)) of each latent in nats, mean over the batch, (d,)."""
    return ((mu.square() + logvar.exp() - 1 - logvar) / 2).mean(0)
