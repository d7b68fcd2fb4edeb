import numpy as np
import pytest

from symray.figures import model_selection, predicted_properties, save, self_consistency


def test_a_box_for_each_fixed_value_and_the_band_of_the_error(tmp_path):
    values = [np.array([0.4, 0.5, 0.6]), np.array([]), np.linspace(0.8, 1, 50)]
    figure = self_consistency([0.5, 0.7, 0.9], values, 0.05, "qed")
    (axes,) = figure.axes
    bands = [band.get_datalim(axes.transData) for band in axes.collections]
    np.testing.assert_allclose([b.y0 for b in bands], [0.45, 0.65, 0.85])
    np.testing.assert_allclose([b.y1 for b in bands], [0.55, 0.75, 0.95])
    assert "0.5\n(n = 3)" in [label.get_text() for label in axes.get_xticklabels()]
    save(figure, tmp_path / "box.png")
    assert not self_consistency([0.5], values[:1], None, "qed").axes[0].collections


def test_model_selection_has_two_axes(tmp_path):
    figure = model_selection([4, 8, 16], [0.5, 0.8, 0.95], [0.1, 0.05, 0.2], ("x_accuracy", "MI"))
    left, right = figure.axes
    assert (left.get_ylabel(), right.get_ylabel()) == ("x_accuracy", "MI")
    assert left.get_ylim()[1] == pytest.approx(0.9975)
    assert right.get_ylim()[1] == pytest.approx(0.21)
    spreads = ([0.1, 0.1, 0.0], [0.01, 0.0, 0.02])
    labels = ("x_mae", "MI")
    save(
        model_selection([2, 3, 4], [4.0, 2.0, 0.1], [1, 1, 1], labels, spreads), tmp_path / "a.png"
    )


def test_a_panel_for_each_property_says_its_error():
    y = np.array([[1.0, 10.0], [2.0, 20.0]])
    figure = predicted_properties(y, y + np.array([0.5, -3]), ["gap (eV)", "alpha"])
    assert [axes.get_title() for axes in figure.axes] == ["MAE 0.5", "MAE 3"]
    assert figure.axes[0].get_xlabel() == "true gap (eV)"
