import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score

from symray.metrics import linear_probe, nonlinear_probe

PROBES = [linear_probe, nonlinear_probe]


def spiral(n, seed):
    """Codes uniform in a square, and the artificial data's y, which no line through it shows."""
    generator = np.random.default_rng(seed)
    z = generator.uniform(-4, 4, (n, 2))
    t = 2 * z[:, 0] + z[:, 1] + 0.1 * generator.normal(size=n)
    y = 0.55 * np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    return z, y + 0.2 * generator.normal(size=(n, 2))


def linear(n, seed, dz=3):
    generator = np.random.default_rng(seed)
    z = 5 + generator.normal(size=(n, dz))
    return z, z @ np.array([[1.0, 100.0]] * dz) + generator.normal(size=(n, 2))


def test_linear_probe_equals_scikit_learn():
    train, test = linear(200, 0), linear(150, 1)
    prediction = LinearRegression().fit(*train).predict(test[0])
    probe = linear_probe(*train, *test)
    assert probe.r2 == pytest.approx(r2_score(test[1], prediction))
    assert probe.mae == pytest.approx(2 * mean_absolute_error(test[1], prediction))
    median = np.broadcast_to(np.median(train[1], axis=0), test[1].shape)
    assert probe.median_mae == pytest.approx(2 * mean_absolute_error(test[1], median))


def test_nonlinear_probe_finds_what_the_linear_one_cannot():
    train, test = spiral(5_000, 0), spiral(5_000, 1)
    assert abs(linear_probe(*train, *test).r2) < 0.02
    probe = nonlinear_probe(*train, *test)
    assert probe.r2 > 0.95
    assert probe.mae < 0.6 < 3 < probe.median_mae < 3.1


def test_nonlinear_probe_finds_a_product_of_two_among_fourteen_latents():
    generator = np.random.default_rng(0)
    z = generator.normal(size=(3_000, 14))
    y = z[:, 0] * z[:, 1] + 0.5 * generator.normal(size=3_000)  # at most R^2 .8
    assert nonlinear_probe(z[:2_000], y[:2_000], z[2_000:], y[2_000:]).r2 > 0.5


@pytest.mark.parametrize("probe", PROBES)
def test_codes_that_know_nothing_score_nothing(probe):
    z = np.random.default_rng(0).normal(size=(2_000, 3))
    y = np.random.default_rng(1).normal(size=(2_000, 2))
    score = probe(z[:1_000], y[:1_000], z[1_000:], y[1_000:])
    assert abs(score.r2) < 0.03
    assert score.mae == pytest.approx(score.median_mae, rel=0.03)


@pytest.mark.parametrize("probe", PROBES)
def test_units_do_not_matter(probe):
    (z, y), (z_test, y_test) = linear(300, 0), linear(300, 1)
    score = probe(z, y, z_test, y_test)
    moved = probe(1e-3 * z + 7, 1e3 * y - 5, 1e-3 * z_test + 7, 1e3 * y_test - 5)
    assert moved.r2 == pytest.approx(score.r2, abs=0.02)
    assert moved.mae == pytest.approx(1e3 * score.mae, rel=0.1)


@pytest.mark.parametrize("probe", PROBES)
def test_constant_target_scores_zero_and_counts_in_the_mean(probe):
    (z, y), (z_test, y_test) = linear(300, 0), linear(300, 1)
    y[:, 1] = y_test[:, 1] = 0.1
    score = probe(z, y, z_test, y_test)
    alone = probe(z, y[:, 0], z_test, y_test[:, 0])
    assert 0.3 < score.r2 < 0.5
    assert score.r2 == pytest.approx(alone.r2 / 2, abs=0.02)
    assert score.median_mae == pytest.approx(alone.median_mae)


@pytest.mark.parametrize("probe", PROBES)
def test_no_code_is_the_median_predictor(probe):
    y, y_test = linear(50, 0)[1], linear(60, 1)[1]
    score = probe(np.empty((50, 0)), y, np.empty((60, 0)), y_test)
    assert score.r2 == 0
    assert score.mae == score.median_mae > 0


@pytest.mark.parametrize("probe", PROBES)
def test_collapsed_and_repeated_latents_are_harmless(probe):
    (z, y), (z_test, y_test) = linear(300, 0), linear(300, 1)
    wide, wide_test = (np.hstack([part, part, 0 * part + 0.1]) for part in (z, z_test))
    assert probe(wide, y, wide_test, y_test).r2 > 0.8


def test_nonlinear_probe_repeats_with_its_seed():
    (z, y), (z_test, y_test) = spiral(300, 0), spiral(300, 1)
    score = nonlinear_probe(z, y, z_test, y_test, seed=3)
    assert score == nonlinear_probe(*map(torch.from_numpy, (z, y, z_test, y_test)), seed=3)
    assert score != nonlinear_probe(z, y, z_test, y_test, seed=4)


@pytest.mark.parametrize("probe", PROBES)
def test_says_what_is_wrong(probe):
    z, y = linear(30, 0)
    with pytest.raises(ValueError, match="z_test has 29 points and y_test has 30"):
        probe(z, y, z[1:], y)
    with pytest.raises(ValueError, match="z has 3 dimensions to train on and 2 to test on"):
        probe(z, y, z[:, :2], y)
    with pytest.raises(ValueError, match="at least 20"):
        probe(z[:19], y[:19], z, y)
    with pytest.raises(ValueError, match="z_train holds NaN"):
        probe(z * np.nan, y, z, y)
