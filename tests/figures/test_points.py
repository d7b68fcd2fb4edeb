import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from symray.figures.points import BINS, COLOURS, bins, colour_bar, principal_plane, scatter

finite = st.floats(-1e6, 1e6, width=32)


@given(hnp.arrays(np.float32, st.integers(1, 200), elements=finite))
def test_bins_are_those_of_a_histogram_of_equal_widths(colour: np.ndarray) -> None:
    counts, edges = np.histogram(colour.astype(np.float64), BINS)
    norm = bins(colour)
    np.testing.assert_array_equal(norm.boundaries, edges)
    np.testing.assert_array_equal(
        np.bincount(norm(colour.astype(np.float64)), minlength=BINS), counts
    )


def test_extremes_get_the_first_and_the_last_colour() -> None:
    assert bins(np.array([-2.0, 5.0]))(np.array([-2.0, 5.0])).tolist() == [0, BINS - 1]


def test_a_constant_is_in_the_middle_of_its_bins() -> None:
    norm = bins(np.full(7, 3.0))
    np.testing.assert_allclose(norm.boundaries, np.linspace(2.5, 3.5, BINS + 1))


def test_what_is_not_finite_has_no_bins() -> None:
    with pytest.raises(ValueError, match="not finite"):
        bins(np.array([0.0, np.nan]))


def test_scatter_draws_every_point_with_its_own_colour() -> None:
    random = np.random.default_rng(0)
    points, colour = random.normal(size=(500, 2)), random.normal(size=500)
    axes = Figure().subplots()
    scatter(axes, points, colour)
    (drawn,) = axes.collections
    rows = np.column_stack((np.asarray(drawn.get_offsets()), np.asarray(drawn.get_array())))
    expected = np.column_stack((points, colour))
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 2])], expected[np.argsort(colour)])
    assert drawn.get_rasterized()


def test_no_bin_is_drawn_over_the_others() -> None:
    colour = np.sort(np.random.default_rng(0).normal(size=2000))
    axes = Figure().subplots()
    scatter(axes, np.zeros((2000, 2)), colour)
    drawn = np.asarray(axes.collections[0].get_array())
    assert abs(np.corrcoef(drawn, np.arange(2000))[0, 1]) < 0.1


def test_colour_bar_shows_the_edges_of_ten_colours() -> None:
    figure = Figure()
    figure.subplots()
    colour_bar(figure, np.array([-10.0, 10.0]))
    labels = [label.get_text() for label in figure.axes[-1].get_yticklabels()]
    assert [float(label) for label in labels] == np.linspace(-10, 10, BINS + 1).tolist()
    assert len({mpl.colors.to_hex(COLOURS(i)) for i in range(BINS)}) == BINS


def test_colour_bar_tells_narrow_bins_apart() -> None:
    figure = Figure()
    figure.subplots()
    colour_bar(figure, np.array([0.7311, 0.7318]))
    labels = [label.get_text() for label in figure.axes[-1].get_yticklabels()]
    assert len(set(labels)) == BINS + 1


def test_two_dimensions_are_their_own_plane() -> None:
    np.testing.assert_array_equal(principal_plane(np.ones((4, 2))), np.eye(2))


def test_more_dimensions_are_seen_along_their_principal_axes() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(300, 5)) @ random.normal(size=(5, 5)) + 7
    expected = PCA(2).fit(points).components_
    ours = principal_plane(points).T
    np.testing.assert_allclose(np.abs(np.sum(ours * expected, axis=1)), 1, rtol=1e-9)
