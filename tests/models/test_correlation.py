import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import vmap

from symray.models.correlation import RIDGE, gaussian_information


def dependent(batch=50, da=2, db=2, noise=1.0, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(batch, da, generator=generator, dtype=torch.float64)
    mix = torch.randn(da, db, generator=generator, dtype=torch.float64)
    b = a @ mix + noise * torch.randn(batch, db, generator=generator, dtype=torch.float64)
    return a.to(dtype), b.to(dtype)


def by_correlation_matrices(a, b, ridge=0.0):
    def log_det(columns):
        correlations = np.atleast_2d(np.corrcoef(columns.numpy().T))
        return np.linalg.slogdet(correlations + ridge * np.eye(len(correlations)))[1]

    return log_det(a) + log_det(b) - log_det(torch.cat([a, b], dim=1))


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(10, 80), st.floats(0.3, 3), st.integers(0, 99)
)
def test_equals_the_log_determinants_of_correlation_matrices(da, db, batch, noise, seed):
    a, b = dependent(batch, da, db, noise, seed)
    expected = by_correlation_matrices(a, b, RIDGE)
    assert gaussian_information(a, b).item() == pytest.approx(expected, abs=1e-5, rel=1e-4)
    assert gaussian_information(b, a).item() == pytest.approx(expected, abs=1e-5, rel=1e-4)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(40, 80), st.floats(0.3, 3), st.integers(0, 99)
)
def test_the_ridge_is_not_felt_where_points_are_many(da, db, batch, noise, seed):
    a, b = dependent(batch, da, db, noise, seed)
    expected = by_correlation_matrices(a, b)
    assert gaussian_information(a, b).item() == pytest.approx(expected, abs=5e-3, rel=1e-2)


def test_of_one_dimension_each_is_minus_log_one_minus_rho_squared():
    a, b = dependent(1000, 1, 1)
    rho = np.corrcoef(a[:, 0], b[:, 0])[0, 1]
    expected = -math.log(1 - rho**2)
    assert gaussian_information(a, b).item() == pytest.approx(expected, rel=1e-4)


def test_float32_is_close_to_float64():
    a, b = dependent(noise=0.1)
    expected = gaussian_information(a, b).item()
    assert gaussian_information(a.float(), b.float()).item() == pytest.approx(expected, rel=1e-3)


@settings(deadline=None)
@given(st.floats(-1000, 1000), st.floats(0.05, 1000))
def test_units_do_not_matter(shift, scale):
    a, b = dependent()
    expected = gaussian_information(a, b).item()
    moved = gaussian_information(shift + scale * a, b).item()
    assert moved == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("which", ["a", "b", "both", "one column", "equal", "two points"])
def test_degenerate_batches_are_finite_with_their_gradients(dtype, which):
    a, b = dependent(dtype=dtype)
    if which in ("a", "both"):
        a = torch.full_like(a, 0.1)
    if which in ("b", "both"):
        b = torch.full_like(b, 0.1)
    if which == "one column":
        a = torch.cat([a[:, :1], torch.full_like(a[:, 1:], 0.1)], dim=1)
    if which == "equal":
        b = a.clone()
    if which == "two points":
        a, b = a[:2], b[:2]
    a, b = a.requires_grad_(), b.requires_grad_()
    r = gaussian_information(a, b)
    gradients = torch.autograd.grad(r, (a, b))
    assert r.isfinite()
    assert all(g.isfinite().all() for g in gradients)
    if which in ("a", "b", "both"):
        assert r.item() == pytest.approx(0, abs=1e-4)


def test_gradient():
    inputs = tuple(t.requires_grad_() for t in dependent(8))
    assert torch.autograd.gradcheck(gaussian_information, inputs)


def test_packs():
    pairs = [dependent(seed=seed) for seed in range(3)]
    a, b = (torch.stack(side) for side in zip(*pairs, strict=True))
    expected = torch.stack([gaussian_information(*pair) for pair in pairs])
    np.testing.assert_allclose(vmap(gaussian_information)(a, b), expected, rtol=1e-9)


def test_a_nan_stays_in_its_member():
    pairs = [dependent(seed=seed) for seed in range(3)]
    a, b = (torch.stack(side) for side in zip(*pairs, strict=True))
    a[1, 0, 0] = torch.nan
    assert vmap(gaussian_information)(a, b).isfinite().tolist() == [True, False, True]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(20, 300), st.integers(0, 999))
def test_a_side_that_the_other_determines_is_finite_in_float32(d, batch, seed):
    a, b = dependent(batch, d, d, noise=0.0, seed=seed, dtype=torch.float32)
    assert gaussian_information(a, b).isfinite()
