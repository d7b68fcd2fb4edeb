import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symray.data.factors import DSPRITES, FactorGrid

GRID = FactorGrid(("a", "b", "c"), (2, 3, 4))


def test_the_last_factor_varies_fastest() -> None:
    rows = list(itertools.product(range(2), range(3), range(4)))
    assert GRID.classes(np.arange(len(GRID))).tolist() == [list(row) for row in rows]


@given(st.lists(st.integers(0, len(DSPRITES) - 1), min_size=1))
def test_index_and_classes_are_inverse(index: list[int]) -> None:
    classes = DSPRITES.classes(index)
    assert DSPRITES.index(classes).tolist() == index
    assert DSPRITES.index(classes.astype(np.uint8)).tolist() == index, "no byte overflows"


def test_the_grid_of_dsprites() -> None:
    assert len(DSPRITES) == 737_280
    assert DSPRITES.index([2, 5, 39, 31, 31]) == 737_279
    assert DSPRITES.classes(1024).tolist() == [0, 0, 1, 0, 0]


def test_a_sub_grid_takes_every_nth_value() -> None:
    classes = GRID.classes(GRID.every((1, 2, 3)))
    assert classes.tolist() == [list(row) for row in itertools.product((0, 1), (0, 2), (0, 3))]
    assert len(DSPRITES.every((1, 1, 4, 2, 2))) == 3 * 6 * 10 * 16 * 16


def test_what_is_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        GRID.classes([24])
    with pytest.raises(ValueError, match="invalid entry"):
        GRID.index([0, 3, 0])
    with pytest.raises(ValueError, match="2 factors; the grid has 3"):
        GRID.index([0, 1])
    for steps in [(1, 1), (1, 0, 1)]:
        with pytest.raises(ValueError, match="at least 1 for each factor"):
            GRID.every(steps)
