import numpy as np
import pytest

from symray.figures import mean_activations
from symray.figures.activation import group_means

SIZES = (3, 6, 40, 32, 32)


def sample(n: int = 30_000) -> np.ndarray:
    return np.random.default_rng(0).integers(0, SIZES, (n, 5))


def test_group_means_by_a_plain_loop() -> None:
    generator = np.random.default_rng(0)
    values, a, b = generator.normal(size=50), generator.integers(0, 3, 50), np.arange(50) % 5
    means = group_means(values, (a, b), (4, 5))
    for i in range(4):
        for j in range(5):
            members = values[(a == i) & (b == j)]
            expected = members.mean() if len(members) else np.nan
            np.testing.assert_allclose(means[i, j], expected)


def test_a_row_for_each_active_latent() -> None:
    factors = sample()
    codes = np.stack([factors[:, 3], 0 * factors[:, 0], factors[:, 1] + factors[:, 0]], axis=1)
    figure = mean_activations(codes, factors, SIZES, np.array([True, False, True]))
    figure.draw_without_rendering()
    rows = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel().startswith("$z")]
    assert rows == ["$z_{1}$", "$z_{3}$"]
    of_x = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_allclose(of_x, np.tile(np.arange(32), (32, 1)))
    curves = [line for line in figure.axes[4].lines if line.get_label() in ("square", "heart")]
    np.testing.assert_allclose(curves[0].get_ydata(), np.arange(6))
    np.testing.assert_allclose(curves[1].get_ydata(), np.arange(6) + 2)
    np.testing.assert_allclose(curves[1].get_xdata(), np.linspace(0.5, 1, 6))


def test_y_runs_downwards_as_in_the_images() -> None:
    factors = sample()
    figure = mean_activations(factors[:, 4:], factors, SIZES, np.array([True]))
    axes = figure.axes[0]
    shown = np.asarray(axes.images[0].get_array())
    assert shown[0, 0] < shown[-1, 0]
    assert axes.yaxis_inverted(), "row 0 is above"


def test_a_sub_grid_leaves_no_blank_lines() -> None:
    factors = sample() * [1, 1, 4, 4, 4] % SIZES
    figure = mean_activations(factors[:, 3:4], factors, SIZES, np.array([True]))
    shown = np.asarray(figure.axes[0].images[0].get_array())
    assert shown.shape == (8, 8)
    assert np.isfinite(shown).all()
    assert len(figure.axes[2].lines[0].get_xdata()) == 10


@pytest.mark.parametrize("latents", [1, 3])
def test_nothing_is_active(latents: int) -> None:
    factors = sample(100)
    figure = mean_activations(
        np.zeros((100, latents)), factors, SIZES, np.zeros(latents, dtype=bool)
    )
    figure.draw_without_rendering()
    assert "no latent is active" in [text.get_text() for a in figure.axes for text in a.texts]
