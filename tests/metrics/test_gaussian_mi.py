import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symray.metrics import gaussian_mi


def logdet_mi(x, y):
    """1/2 log(det C_x det C_y / det C_xy) in nats."""
    _, logdet_x = np.linalg.slogdet(np.atleast_2d(np.cov(x.T)))
    _, logdet_y = np.linalg.slogdet(np.atleast_2d(np.cov(y.T)))
    _, logdet_joint = np.linalg.slogdet(np.cov(np.hstack([x, y]).T))
    return (logdet_x + logdet_y - logdet_joint) / 2


@settings(deadline=None)
@given(dx=st.integers(1, 5), dy=st.integers(1, 3), seed=st.integers(0, 10_000))
def test_equals_the_determinants(dx, dy, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(80, dx)) @ generator.normal(size=(dx, dx))
    y = x @ generator.normal(size=(dx, dy)) + generator.normal(size=(80, dy))
    assert gaussian_mi(x, y, unit="nats") == pytest.approx(logdet_mi(x, y), rel=1e-6, abs=1e-9)


def test_finds_the_closed_form():
    generator = np.random.default_rng(0)
    x, noise = generator.normal(size=(2, 20_000))
    y = 0.8 * x + 0.6 * noise
    assert gaussian_mi(x, torch.from_numpy(y)) == pytest.approx(-0.5 * math.log2(0.36), abs=0.03)


def test_constant_and_redundant_columns_change_nothing():
    generator = np.random.default_rng(1)
    x = generator.normal(size=(100, 2))
    y = x[:, :1] + generator.normal(size=(100, 1))
    more = np.hstack([x, np.full((100, 1), 0.1), x @ [[1.0], [-2.0]], 1e-8 * x])
    assert gaussian_mi(more, np.hstack([y, y])) == pytest.approx(gaussian_mi(x, y), rel=1e-9)


@pytest.mark.parametrize("columns", [0, 2])
def test_a_variable_that_never_varies_has_no_information(columns):
    assert gaussian_mi(np.full((30, columns), 0.1), np.arange(30.0)) == 0


def test_an_exact_linear_relation_is_finite_and_large():
    x = np.random.default_rng(2).normal(size=(50, 2))
    assert 20 < gaussian_mi(x[:, 0], 3 * x[:, 0] + 1) <= 26
    assert 40 < gaussian_mi(x, x @ np.array([[1.0, 2.0], [0.0, 1.0]])) <= 52


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match="as many of both"):
        gaussian_mi(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="use 'bits' or 'nats'"):
        gaussian_mi(np.zeros(3), np.zeros(3), unit="bytes")
