import numpy as np
import pytest
import torch

from symray.networks.likelihood import (
    bernoulli_cross_entropy,
    categorical_cross_entropy,
    squared_error,
)


def test_squared_error_sums_over_dimensions():
    a, b = np.arange(12.0).reshape(4, 3), np.ones((4, 3))
    expected = np.mean(
        [sum((p - q) ** 2 for p, q in zip(u, v, strict=True)) for u, v in zip(a, b, strict=True)]
    )
    assert squared_error(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(expected)


def test_categorical_cross_entropy_sums_over_positions():
    logits = torch.randn(4, 3, 5, dtype=torch.float64)
    indices = torch.randint(5, (4, 3))
    probabilities = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(-1, keepdims=True)
    expected = np.mean(
        [sum(-np.log(probabilities[i, t, indices[i, t]]) for t in range(3)) for i in range(4)]
    )
    target = torch.nn.functional.one_hot(indices, 5)
    assert categorical_cross_entropy(logits, target).item() == pytest.approx(expected)


def test_bernoulli_cross_entropy_sums_over_pixels():
    logits = torch.randn(4, 1, 3, 3, dtype=torch.float64)
    x = torch.randint(2, (4, 1, 3, 3)).double()
    p = 1 / (1 + np.exp(-logits.numpy()))
    likelihood = np.where(x.numpy() == 1, p, 1 - p)
    expected = -np.log(likelihood).sum((1, 2, 3)).mean()
    assert bernoulli_cross_entropy(logits, x).item() == pytest.approx(expected)
