import numpy as np
import pytest
import torch

from symray.networks import squared_error


def test_squared_error_sums_over_dimensions():
    a, b = np.arange(12.0).reshape(4, 3), np.ones((4, 3))
    expected = np.mean(
        [sum((p - q) ** 2 for p, q in zip(u, v, strict=True)) for u, v in zip(a, b, strict=True)]
    )
    assert squared_error(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(expected)
