"""Diagonal Gaussian codes: sampling and divergences."""

from torch import Tensor


def reparametrise(mu: Tensor, log_sigma: Tensor, eps: Tensor) -> Tensor:
    """``z = mu + s * eps`` with ``s = exp(log_sigma)``; (B, Z)."""
    return mu + log_sigma.exp() * eps


def kl(mu: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(mu, s^2) || N(0, 1)) of each latent in nats, (B, Z); STIB appendix, eq. 1.

    ``-log s + (mu^2 + s^2) / 2 - 1/2``, which is 0 for a masked latent (mu = log s = 0).
    ``log_sigma`` is (B, Z), or (Z,) for one scale shared by all points.
    """
    return (mu.square() + (2 * log_sigma).exp() - 1) / 2 - log_sigma


def mean_pairwise_kl(mu: Tensor, log_sigma: Tensor) -> Tensor:
    """``1/B^2 sum_ij KL(q_i || q_j)`` over all pairs of a batch's codes (B, Z), in nats; ().

    Moyer et al. 2018's regulariser, in the form of their tutorial. The log-determinants cancel in
    the mean over pairs, and over i only the moments of the codes matter:
    ``sum_i (mu_i - mu_j)^2 / B = Var(mu) + (mean(mu) - mu_j)^2``, so that the double sum costs no
    more than a single one.
    """
    variance = (2 * log_sigma).exp()
    spread = variance.mean(0) + mu.var(0, correction=0)  # E_i of s_i^2 + (mu_i - mean)^2; (Z,)
    return (((spread + (mu - mu.mean(0)).square()) / variance - 1) / 2).sum(-1).mean()
