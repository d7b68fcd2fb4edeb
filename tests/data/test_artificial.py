import numpy as np
import pytest
import torch

from symray.data.artificial import Artificial, sample


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_points_follow_the_papers_formula():
    x, y, t = (a.double().numpy() for a in sample(100_000, generator()))
    assert x.min() >= -4
    assert x.max() < 4
    np.testing.assert_allclose(x.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(x.var(0), 64 / 12, rtol=0.02)
    t_noise = t - 2 * x[:, 0] - x[:, 1]
    y_noise = y - 0.55 * np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    for noise, scale in ((t_noise, 0.1), (y_noise[:, 0], 0.2), (y_noise[:, 1], 0.2)):
        assert noise.mean() == pytest.approx(0, abs=0.003)
        assert noise.std() == pytest.approx(scale, rel=0.02)
    noises = np.column_stack([x, t_noise, y_noise])
    np.testing.assert_allclose(np.corrcoef(noises.T), np.eye(5), atol=0.015)


def test_median_predictors_have_the_known_errors():
    x, y, _ = sample(500_000, generator())
    for values, error in ((x, 4.00), (y, 3.05)):
        deviation = (values - values.median(0).values).abs().sum(1).mean().item()
        assert deviation == pytest.approx(error, abs=0.01)


def test_no_predictor_of_y_does_better_than_the_known_floor():
    """E[y|x] in closed form: t is Gaussian given x, so E[t e^(it)] = (m + i s^2) e^(im - s^2/2)."""
    x, y, _ = (a.double().numpy() for a in sample(100_000, generator()))
    m, s = 2 * x[:, 0] + x[:, 1], 0.1
    mean = 0.55 * (m + 1j * s**2) * np.exp(1j * m - s**2 / 2)
    error = np.abs(y - np.stack([mean.real, mean.imag], axis=1)).sum(1).mean()
    assert error == pytest.approx(0.434, abs=0.005)


def test_splits_are_fixed_and_differ():
    first, again = Artificial(), Artificial()
    validation, test = first.split("validation"), first.split("test")
    assert validation.x.shape == validation.y.shape == (10_000, 2)
    assert validation.colour.shape == (10_000,)
    assert torch.equal(validation.x, again.split("validation").x)
    assert torch.equal(validation.y, again.split("validation").y)
    assert not np.isin(validation.colour, test.colour).all()
    assert (validation.x != test.x).any(1).all()


def test_colour_is_t():
    split = Artificial().split("validation")
    expected = 2 * split.x[:, 0] + split.x[:, 1]
    assert np.abs(split.colour - expected.numpy()).std() < 0.1


def test_an_epoch_is_fresh_and_follows_from_its_generator():
    data = Artificial()
    assert data.passes(60) == data.passes(256) == data.steps_per_epoch == 300
    g = generator(3)
    first, second = data.epoch(60, 300, g), data.epoch(60, 300, g)
    assert first.x.shape == first.y.shape == (300, 60, 2)
    assert not np.isin(first.x[..., 0].numpy(), second.x[..., 0].numpy()).all()
    again = data.epoch(60, 300, generator(3))
    assert torch.equal(first.x, again.x)
    assert torch.equal(first.y, again.y)
