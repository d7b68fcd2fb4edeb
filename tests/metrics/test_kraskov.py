import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

from symray.metrics import kraskov_mi, shuffled_mi

DEVICES = [None, "cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def plain_ksg1(x, y, k):
    """Kraskov et al. 2004, eq. 8, in nats, a point at a time."""
    n = len(x)
    total = 0.0
    for i in range(n):
        in_x = np.delete(np.abs(x - x[i]).max(axis=1), i)
        in_y = np.delete(np.abs(y - y[i]).max(axis=1), i)
        radius = np.sort(np.maximum(in_x, in_y))[k - 1]
        total += digamma((in_x < radius).sum() + 1) + digamma((in_y < radius).sum() + 1)
    return digamma(k) + digamma(n) - total / n


def gaussian_pair(n, dx, dy, bits, seed):
    """Gaussian x (N, dx), y (N, dy) with I = ``bits``, shared equally by the dimensions of y."""
    generator = np.random.default_rng(seed)
    rho = math.sqrt(1 - 2 ** (-2 * bits / dy))
    x = generator.normal(size=(n, dx))
    noise = generator.normal(size=(n, dy))
    return x, rho * x[:, :dy] + math.sqrt(1 - rho**2) * noise


def rotated_square(n, seed):
    """The artificial data's Y, and the coordinate of X at right angles to t."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-4, 4, (n, 2))
    t = 2 * x[:, 0] + x[:, 1] + 0.1 * generator.normal(size=n)
    y = 0.55 * np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    z0 = (x[:, 0] - 2 * x[:, 1]) / math.sqrt(5)
    return z0, y + 0.2 * generator.normal(size=(n, 2))


@pytest.mark.parametrize("device", DEVICES)
@settings(deadline=None)  # the first example compiles
@given(
    n=st.integers(6, 60),
    dx=st.integers(1, 6),
    dy=st.integers(1, 3),
    k=st.integers(1, 5),
    levels=st.sampled_from([None, 2, 5, 20]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_the_plain_estimator_ties_included(device, n, dx, dy, k, levels, seed):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(n, dx)), generator.normal(size=(n, dy))
    if levels:
        x, y = np.floor(levels * x), np.floor(levels * y)
        x[0], y[0] = 100, 100  # neither variable is constant
    value = kraskov_mi(x, y, k, standardize=False, unit="nats", device=device)
    assert value == pytest.approx(plain_ksg1(x, y, k), abs=1e-12)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("dx", "dy", "k"), [(1, 1, 3), (2, 2, 20), (19, 1, 3)])
def test_equals_the_plain_estimator_over_blocks_chunks_and_threads(device, dx, dy, k):
    x, y = gaussian_pair(3_000, dx, dy, 0.7, seed=dx)
    expected = plain_ksg1(x, y, k)
    threads = torch.get_num_threads()
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            value = kraskov_mi(x, y, k, standardize=False, unit="nats", device=device)
            assert value == pytest.approx(expected, abs=1e-12)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6, 0.9])
def test_finds_the_closed_form_of_a_gaussian_pair(rho):
    # measured over 20 pairs of 2,000 points: standard deviation 0.02 to 0.03 bits
    x, y = gaussian_pair(2_000, 1, 1, -0.5 * math.log2(1 - rho**2), seed=1)
    assert kraskov_mi(x, y) == pytest.approx(-0.5 * math.log2(1 - rho**2), abs=0.1)


def test_bits_are_nats_over_the_logarithm_of_two():
    x, y = gaussian_pair(200, 2, 1, 0.5, seed=0)
    assert kraskov_mi(x, y, unit="nats") == pytest.approx(kraskov_mi(x, y) * math.log(2))


@settings(deadline=None)  # the first example compiles
@given(
    scale=st.floats(1e-6, 1e6),
    shift=st.floats(-10, 10),
    seed=st.integers(0, 1000),
)
def test_standardised_estimate_does_not_see_scale_and_shift(scale, shift, seed):
    x, y = gaussian_pair(60, 2, 2, 1.0, seed)
    x_moved = x * np.array([scale, 1]) + scale * shift
    assert kraskov_mi(x_moved, y * scale) == pytest.approx(kraskov_mi(x, y), abs=1e-9)


def test_without_standardising_a_small_target_hides_its_information():
    x, y = gaussian_pair(3_000, 19, 1, 1.68, seed=0)
    assert kraskov_mi(x, 0.137 * y, k=20, standardize=False) == pytest.approx(0, abs=1e-3)
    assert kraskov_mi(x, 0.137 * y, k=20) > 0.25


def test_underestimates_in_high_dimension_as_much_as_is_known():
    # 0.64 bits in 14 + 2 dimensions at N = 305 come out as .22 (k = 3) and .12 (k = 20)
    pairs = [gaussian_pair(305, 14, 2, 0.64, seed) for seed in range(20)]
    assert np.mean([kraskov_mi(x, y, 3) for x, y in pairs]) == pytest.approx(0.22, abs=0.03)
    assert np.mean([kraskov_mi(x, y, 20) for x, y in pairs]) == pytest.approx(0.12, abs=0.02)


def test_rotation_of_the_square_is_not_quite_invariant():
    # the published measure (k = 20, not standardised); it depends on N
    assert 0.25 < kraskov_mi(*rotated_square(10_000, 0), k=20, standardize=False) < 0.28
    assert 0.22 < kraskov_mi(*rotated_square(5_000, 0), k=20, standardize=False) < 0.26
    assert 0.10 < kraskov_mi(*rotated_square(1_000, 0), k=20, standardize=False) < 0.15


@pytest.mark.parametrize("device", DEVICES)
def test_constant_columns_change_nothing(device):
    x, y = gaussian_pair(300, 2, 2, 1.0, seed=3)
    constant = np.full((300, 1), 0.1)
    expected = kraskov_mi(x, y)
    with_constants = kraskov_mi(np.hstack([constant, x]), np.hstack([y, constant]), device=device)
    assert with_constants == expected


@pytest.mark.parametrize("columns", [0, 3])
@pytest.mark.parametrize("standardize", [True, False])
def test_a_variable_that_never_varies_has_no_information(columns, standardize):
    constant = np.full((50, columns), 0.1)
    assert kraskov_mi(constant, np.arange(50), standardize=standardize) == 0
    assert kraskov_mi(constant, np.zeros(50), standardize=standardize) == 0


def test_takes_arrays_and_tensors_of_one_or_two_dimensions():
    x, y = gaussian_pair(100, 1, 1, 1.0, seed=0)
    x, y = x.astype(np.float32), y.astype(np.float32)
    tensors = kraskov_mi(torch.from_numpy(x).requires_grad_(), torch.from_numpy(y[:, 0]))
    assert tensors == kraskov_mi(x[:, 0], y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.zeros(9)}, "x has 9 points and y has 10"),
        ({"x": np.zeros((0, 2)), "y": np.zeros((0, 1))}, "at least one"),
        ({"x": np.zeros((10, 2, 2))}, r"x has shape \(10, 2, 2\)"),
        ({"y": np.full(10, np.nan)}, "y holds NaN"),
        ({"y": np.full(10, np.inf)}, "y holds NaN or infinity"),
        ({"k": 10}, "k is 10 with 10 points"),
        ({"k": 0}, "k is 0"),
        ({"unit": "bans"}, "unit is 'bans'; use 'bits' or 'nats'"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        kraskov_mi(**{"x": np.arange(10.0), "y": np.arange(10.0), **arguments})


def test_shuffled_floor_is_zero_within_its_spread():
    x, y = gaussian_pair(1_000, 2, 1, 1.5, seed=0)
    mean, spread = shuffled_mi(x, y, shuffles=8, k=3)
    assert abs(mean) < 0.05
    assert 0.005 < spread < 0.06
    assert kraskov_mi(x, y) > mean + 10 * spread


def test_shuffled_floor_repeats_with_its_seed_and_takes_the_same_options():
    x, y = gaussian_pair(200, 2, 1, 1.5, seed=0)
    options = {"k": 5, "standardize": False, "unit": "nats"}
    floor = shuffled_mi(x, y, shuffles=3, seed=4, **options)
    generator = np.random.default_rng(4)
    expected = [plain_ksg1(x, generator.permutation(y), 5) for _ in range(3)]
    assert floor == pytest.approx((np.mean(expected), np.std(expected, ddof=1)), abs=1e-12)
    assert floor == shuffled_mi(x, y, shuffles=3, seed=4, device="cpu", **options)
    assert floor != shuffled_mi(x, y, shuffles=3, seed=5, **options)


def test_one_shuffle_has_no_spread():
    with pytest.raises(ValueError, match="at least 2"):
        shuffled_mi(np.arange(10.0), np.arange(10.0), shuffles=1)
