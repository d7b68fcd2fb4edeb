import numpy as np

from symray.figures import synergy_curves

STEPS = np.arange(0, 100, 10)


def test_models_stand_side_by_side_with_common_axes_and_their_peak() -> None:
    first = np.array([0.0, 31, 5, 2, 1, 0, 0, 0, 0, 0])
    figure = synergy_curves({"Non-Syn VAE": (STEPS, first), "FactorVAE": (STEPS, first / 2)})
    figure.draw_without_rendering()
    left, right = figure.axes
    assert [axes.get_title() for axes in (left, right)] == ["Non-Syn VAE", "FactorVAE"]
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] == 0
    np.testing.assert_array_equal(left.lines[0].get_ydata(), first)
    assert [a.texts[0].get_text() for a in (left, right)] == ["31 at step 10", "15.5 at step 10"]


def test_gaps_and_nothing_at_all() -> None:
    values = np.where(STEPS == 20, np.nan, STEPS / 10)
    figure = synergy_curves({"gaps": (STEPS, values), "empty": (STEPS, values * np.nan)})
    figure.draw_without_rendering()
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["9 at step 90"]
