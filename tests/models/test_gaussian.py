import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Independent, Normal, kl_divergence

from symray.models.gaussian import kl, mean_pairwise_kl, reparametrise

ORDINARY = st.floats(-3, 3)


def codes(batch=6, latents=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(batch, latents, generator=generator, dtype=torch.float64) for _ in "ms")


def test_reparametrised_codes_have_their_mean_and_deviation():
    mu, log_sigma = torch.tensor([0.5, -2.0]), torch.tensor([-1.0, 0.3])
    eps = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    z = reparametrise(mu, log_sigma, eps)
    np.testing.assert_allclose(z.mean(0), mu, atol=0.02)
    np.testing.assert_allclose(z.std(0), log_sigma.exp(), rtol=0.01)


def test_kl_is_that_of_torchs_distributions():
    mu, log_sigma = codes()
    expected = kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0))
    np.testing.assert_allclose(kl(mu, log_sigma), expected, rtol=1e-12)


@given(ORDINARY, ORDINARY)
def test_kl_is_positive_but_for_the_prior(mu, log_sigma):
    value = kl(torch.tensor(mu).double(), torch.tensor(log_sigma).double())
    assert value >= -1e-12
    assert kl(torch.zeros(1), torch.zeros(1)) == 0


def test_mean_pairwise_kl_is_the_mean_over_all_pairs():
    mu, log_sigma = codes()
    q = [Independent(Normal(m, s.exp()), 1) for m, s in zip(mu, log_sigma, strict=True)]
    expected = np.mean([[kl_divergence(a, b).item() for b in q] for a in q])
    assert mean_pairwise_kl(mu, log_sigma).item() == pytest.approx(expected, rel=1e-12)


def test_mean_pairwise_kl_of_equal_codes_is_zero():
    mu, log_sigma = (c[:1].expand(5, -1) for c in codes())
    assert mean_pairwise_kl(mu, log_sigma).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("function", [kl, mean_pairwise_kl])
def test_gradients(function):
    assert torch.autograd.gradcheck(function, tuple(c.requires_grad_() for c in codes()))
