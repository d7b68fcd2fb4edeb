from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from symray.figures import reconstruction_x, reconstruction_y, save

Draw = Callable[[np.ndarray, np.ndarray, np.ndarray], Figure]


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 2))


def in_order_of_colour(figure: Figure, panel: int) -> np.ndarray:
    drawn = figure.axes[panel].collections[0]
    return np.asarray(drawn.get_offsets())[np.argsort(np.asarray(drawn.get_array()))]


@pytest.mark.parametrize(
    ("draw", "titles"),
    [
        (reconstruction_x, ["Input $X$", r"Reconstruction $\hat{X}$"]),
        (reconstruction_y, ["Target $Y$", r"Prediction $\hat{Y}$"]),
    ],
)
def test_what_was_given_stands_beside_what_came_out(
    draw: Draw, titles: list[str], points: np.ndarray
) -> None:
    figure = draw(points, 2 * points, np.arange(60.0))
    assert [axes.get_title() for axes in figure.axes[:2]] == titles
    np.testing.assert_array_equal(in_order_of_colour(figure, 0), points)
    np.testing.assert_array_equal(in_order_of_colour(figure, 1), 2 * points)
    figure.draw_without_rendering()
    left, right = figure.axes[:2]
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    assert left.get_aspect() == right.get_aspect() == 1


@pytest.mark.parametrize("place", range(4))
def test_nothing_is_cut_off_at_the_edges(place: int, tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (4, 60, 2))[place]
    save(reconstruction_x(points, points, np.arange(60.0)), tmp_path / "x.png")
    image = plt.imread(tmp_path / "x.png")[:, :, :3]
    for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
        assert (edge == 1).all()


@pytest.mark.parametrize("n", [1, 40])
def test_one_dimension_is_drawn_against_its_reconstruction(n: int) -> None:
    y = np.linspace(0, 1, n)[:, None]
    figure = reconstruction_y(y, y + 1, np.arange(float(n)))
    panel, _bar = figure.axes
    np.testing.assert_allclose(in_order_of_colour(figure, 0), np.column_stack((y, y + 1)))
    assert panel.lines[0].get_slope() == 1
    figure.draw_without_rendering()


def test_more_dimensions_are_drawn_in_the_plane_of_what_was_given() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4)) * [1, 9, 1, 5]
    x[:, 1] -= x[:, 1].mean()
    figure = reconstruction_x(x, np.eye(4)[[1] * 60], np.arange(60.0))
    first, second = np.abs(in_order_of_colour(figure, 1)[0])
    assert first > 0.9
    assert second < 0.4


def test_a_constant_colour_is_drawn(points: np.ndarray) -> None:
    figure = reconstruction_x(points, points, np.zeros(60))
    figure.draw_without_rendering()
    colours = figure.axes[0].collections[0].get_facecolor()
    assert len(np.unique(colours, axis=0)) == 1
