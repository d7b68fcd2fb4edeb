import numpy as np
import pytest

from symray.figures import grid_maps

ROWS, COLUMNS = ("omega", [0.8, 0.9]), ("alpha", [1, 5, 10])


@pytest.mark.parametrize(("count", "panels"), [(1, 1), (3, 3), (4, 4)])
def test_a_map_for_each_metric_with_its_numbers(count, panels):
    values = {f"m{i}": np.arange(6.0).reshape(2, 3) + i for i in range(count)}
    figure = grid_maps(values, ROWS, COLUMNS)
    figure.canvas.draw()
    maps = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in maps] == [f"m{i}" for i in range(panels)]
    texts = {text.get_position(): text.get_text() for text in maps[0].texts}
    assert texts == {(c, r): f"{3 * r + c}" for r in range(2) for c in range(3)}
    assert [t.get_text() for t in maps[0].get_xticklabels()] == ["1", "5", "10"]
    assert [t.get_text() for t in maps[0].get_yticklabels()] == ["0.8", "0.9"]
    assert (maps[0].get_xlabel(), maps[0].get_ylabel()) == ("alpha", "omega")


def test_points_without_a_value_stay_blank():
    cells = np.array([[1.0, np.nan, 3.0], [np.nan] * 3])
    figure = grid_maps({"mig": cells, "dci": np.full((2, 3), np.nan)}, ROWS, COLUMNS)
    figure.canvas.draw()
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "3"]
