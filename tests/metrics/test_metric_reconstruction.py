import numpy as np
import pytest
import torch

from symray.metrics import mae


def test_sums_over_dimensions_and_averages_over_points():
    a = np.array([[0.0, 0.0], [1.0, 2.0]])
    b = np.array([[1.0, -3.0], [1.0, 2.5]])
    assert mae(a, b) == (4.0 + 0.5) / 2
    assert mae(torch.from_numpy(a), b.astype(np.float64)) == mae(a, b)


def test_takes_points_of_any_shape():
    images = torch.zeros(3, 4, 5)
    assert mae(images, images + 0.5) == 10
    assert mae(torch.arange(4.0), torch.zeros(4)) == 1.5


def test_median_of_the_square_is_off_by_four():
    x = torch.rand(100_000, 2, generator=torch.Generator().manual_seed(0)) * 8 - 4
    assert mae(x, torch.zeros_like(x)) == pytest.approx(4.0, abs=0.02)


def test_shapes_that_differ_are_refused_not_broadcast():
    with pytest.raises(ValueError, match=r"\(4, 1\) and \(4, 2\)"):
        mae(torch.zeros(4, 1), torch.zeros(4, 2))
