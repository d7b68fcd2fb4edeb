import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from symray.metrics.disentanglement.encoded import FactorGroups, as_encoded, draw_rows

FACTORS = np.array([[0, 7], [4, 7], [0, 9], [4, 9], [8, 9]])


def test_classes_count_from_zero() -> None:
    codes, classes = as_encoded(torch.zeros(5, 2), torch.from_numpy(FACTORS))
    assert codes.dtype == np.float64
    assert classes.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1], [2, 1]]


@pytest.mark.parametrize(
    ("codes", "factors", "sentence"),
    [
        (np.zeros((4, 2)), FACTORS, r"factors have the shape \(5, 2\); expected \(4, f\)"),
        (np.zeros((5, 2)), FACTORS[:, 0], r"factors have the shape \(5,\)"),
        (np.zeros((5, 2)), FACTORS[:, :0], "at least one factor"),
        (np.zeros((5, 0)), FACTORS, "codes have no latents"),
        (np.zeros((5, 2)), FACTORS / 2, "factors are float64"),
        (np.zeros((5, 2)), FACTORS * 0, "factor 0 takes one value only"),
        (np.full((5, 2), np.nan), FACTORS, "codes holds NaN"),
    ],
)
def test_what_is_wrong_is_said(codes: np.ndarray, factors: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        as_encoded(codes, factors)


@given(st.integers(3, 400), st.integers(1, 100), st.integers(1, 100), st.integers(0, 9))
def test_parts_are_disjoint_and_in_proportion(n: int, a: int, b: int, seed: int) -> None:
    if min(a, b) * n < a + b:
        with pytest.raises(ValueError, match="too few"):
            draw_rows(n, (a, b), seed)
        return
    first, second = draw_rows(n, (a, b), seed)
    drawn = np.concatenate([first, second])
    assert len(np.unique(drawn)) == len(drawn)
    assert drawn.max() < n
    assert len(first) == min(a, int(a * min(1, n / (a + b))))
    assert abs(len(first) / a - len(second) / b) <= 1 / min(a, b)


def test_groups_share_the_factor_and_nothing_else() -> None:
    sizes = (3, 4, 5)
    factors = np.stack(np.unravel_index(np.arange(60), sizes), axis=1)
    groups = FactorGroups(factors, seed=0, device="cpu")
    rows, factor = groups.any_rows((30_000,)), groups.which((30_000,))
    alike = groups.rows_like(rows, factor)
    for k in range(3):
        first, second = factors[rows[factor == k]], factors[alike[factor == k]]
        assert (first[:, k] == second[:, k]).all()
        for other in {0, 1, 2} - {k}:
            table = np.histogram2d(first[:, other], second[:, other], sizes[other])[0]
            expected = table.sum() / sizes[other] ** 2
            assert abs(table / expected - 1).max() < 0.2, "independent and uniform"


def test_groups_of_an_uneven_subset_draw_only_what_is_there() -> None:
    groups = FactorGroups(np.array([[0, 0], [1, 0], [1, 1], [1, 1]]), seed=0, device="cpu")
    rows = torch.tensor([0, 1, 1, 2]).repeat(500)
    alike = groups.rows_like(rows, torch.tensor([0, 0, 1, 1]).repeat(500)).view(-1, 4)
    assert [set(column.tolist()) for column in alike.T] == [{0}, {1, 2, 3}, {0, 1}, {2, 3}]
