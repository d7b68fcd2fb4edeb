import math

import numpy as np
import pytest
import torch

from symray.metrics import kraskov_mi, neural_mi, shuffled_neural_mi


def gaussian_pair(n, dx, dy, bits, seed):
    """Gaussian x (N, dx), y (N, dy) with I = ``bits``, shared equally by the dimensions of y."""
    generator = np.random.default_rng(seed)
    rho = math.sqrt(1 - 2 ** (-2 * bits / dy))
    x = generator.normal(size=(n, dx))
    noise = generator.normal(size=(n, dy))
    return x, rho * x[:, :dy] + math.sqrt(1 - rho**2) * noise


@pytest.mark.parametrize(("dx", "dy", "bits"), [(2, 2, 1.0), (14, 2, 1.68), (19, 1, 1.68)])
def test_finds_the_closed_form_where_neighbours_do_not(dx, dy, bits):
    # the spread of log p(y|x) / p(y) alone gives its mean over 2,000 points a spread of .03 bits
    x, y = gaussian_pair(2_000, dx, dy, bits, seed=dx)
    bound = neural_mi(x, y)
    assert bits * 0.85 < bound.value < bits + 1.96 * bound.error
    assert 0.02 < bound.error < 0.06
    if dx > 2:
        assert kraskov_mi(x, y) < 0.5 * bits


def test_stays_below_the_truth_in_few_points_and_many_dimensions():
    bounds = [neural_mi(*gaussian_pair(120, 14, 2, 1.0, seed), seed=seed) for seed in range(8)]
    assert np.mean([bound.value for bound in bounds]) < 1
    assert all(bound.interval[0] < 1 for bound in bounds)


def test_finds_what_correlations_do_not_show():
    generator = np.random.default_rng(0)
    t = generator.uniform(-3, 3, 800)
    spiral = np.stack([t * np.cos(2 * t), t * np.sin(2 * t)], axis=1)
    y = t + 0.3 * generator.normal(size=800)
    # of t itself; the spiral tells t up to its sign where the arms meet
    given_t = neural_mi(t, y).value
    assert given_t * 0.9 < neural_mi(spiral, y).value < given_t * 1.05


def test_several_values_of_y_for_one_code():
    generator = np.random.default_rng(1)
    side = generator.choice([-1.0, 1.0], 800)
    z = generator.uniform(1, 3, 800)
    y = side * z + 0.1 * generator.normal(size=800)
    bound = neural_mi(z, y)
    # |y| has all of it: the sign is one bit that z doesn't know
    given_size = neural_mi(z, np.abs(y))
    assert bound.value == pytest.approx(given_size.value, rel=0.1)
    assert bound.value > 2


@pytest.mark.parametrize(("n", "dx", "dy"), [(305, 14, 2), (1_000, 2, 2), (1_000, 19, 1)])
def test_independent_variables_share_nothing(n, dx, dy):
    generator = np.random.default_rng(n)
    bound = neural_mi(generator.normal(size=(n, dx)), generator.normal(size=(n, dy)))
    assert -0.05 < bound.value < 1.96 * bound.error + 0.005


def test_the_floor_is_that_of_shuffled_points():
    x, y = gaussian_pair(500, 3, 2, 2.0, seed=0)
    floor = shuffled_neural_mi(x, y, seed=3)
    assert floor == neural_mi(x, np.random.default_rng(3).permutation(y), seed=3)
    assert floor.interval[1] < 0.1
    assert neural_mi(x, y).interval[0] > 1


def test_monotone_maps_of_a_coordinate_change_nothing():
    x, y = gaussian_pair(200, 3, 2, 1.0, seed=4)
    mapped = np.stack([x[:, 0] ** 3, np.exp(x[:, 1]), 1e-6 * x[:, 2] + 5], axis=1)
    assert neural_mi(mapped, np.arctan(y)) == neural_mi(x, y)


def test_smooth_maps_that_mix_coordinates_change_little():
    x, y = gaussian_pair(800, 2, 1, 1.5, seed=5)
    angle = (x**2).mean(axis=1)
    a, b = x.T
    turned = np.stack(
        [np.cos(angle) * a - np.sin(angle) * b, np.sin(angle) * a + np.cos(angle) * b], axis=1
    )
    assert neural_mi(turned, y).value == pytest.approx(neural_mi(x, y).value, rel=0.15)


def test_a_small_difference_of_equal_columns_is_seen():
    generator = np.random.default_rng(6)
    shared, small, noise = generator.normal(size=(3, 1_000))
    x = np.stack([shared, shared + 0.3 * small], axis=1)
    assert neural_mi(x, 0.9 * small + 0.436 * noise).value > 0.85 * -0.5 * math.log2(0.19)


def test_constant_and_doubled_columns_change_nothing():
    x, y = gaussian_pair(300, 2, 1, 1.0, seed=7)
    more = np.hstack([x, np.full((300, 1), 0.1), x[:, :1]])
    assert neural_mi(more, np.hstack([y, y])).value == pytest.approx(
        neural_mi(x, y).value, abs=0.05
    )


@pytest.mark.parametrize("columns", [0, 2])
def test_a_variable_that_never_varies_has_no_information(columns):
    constant = np.full((50, columns), 0.1)
    for pair in ((constant, np.arange(50)), (np.arange(50), constant)):
        bound = neural_mi(*pair)
        assert (bound.value, bound.error, bound.interval) == (0, 0, (0, 0))


def test_the_seed_alone_decides():
    x, y = gaussian_pair(200, 2, 1, 1.0, seed=8)
    state = torch.get_rng_state()
    bound = neural_mi(x, y, seed=1)
    with torch.inference_mode():
        assert neural_mi(torch.from_numpy(x), torch.from_numpy(y), seed=1) == bound
    assert neural_mi(x, y, seed=2) != bound
    assert torch.equal(torch.get_rng_state(), state)


def test_bits_are_nats_over_the_logarithm_of_two():
    x, y = gaussian_pair(100, 2, 1, 1.0, seed=9)
    bits, nats = neural_mi(x, y), neural_mi(x, y, unit="nats")
    assert nats.value == pytest.approx(bits.value * math.log(2))
    assert nats.error == pytest.approx(bits.error * math.log(2))


def test_forty_points_are_enough_for_a_figure():
    bound = neural_mi(*gaussian_pair(40, 3, 1, 2.0, seed=10))
    assert 0.5 < bound.value < 2 + 1.96 * bound.error


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match="takes at least 40"):
        neural_mi(np.arange(39.0), np.arange(39.0))
    with pytest.raises(ValueError, match="as many of both"):
        neural_mi(np.zeros(50), np.zeros(40))
    with pytest.raises(ValueError, match="use 'bits' or 'nats'"):
        neural_mi(np.zeros(50), np.zeros(50), unit="bytes")
