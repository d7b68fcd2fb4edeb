import math

import numpy as np
import pytest
import torch
from torch import nn

from symray.networks import frozen, mlp


def test_softplus_stands_between_layers_and_not_after_them():
    network = mlp([3, 5, 4, 2]).double()
    x = torch.randn(7, 3, dtype=torch.float64)
    expected = x.numpy()
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    for i, layer in enumerate(linears):
        expected = expected @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        if i < len(linears) - 1:
            expected = np.log1p(np.exp(expected))
    np.testing.assert_allclose(network(x).detach(), expected, rtol=1e-12)


def test_without_bias_only_the_output_layer_has_one():
    linears = [layer for layer in mlp([3, 5, 4, 2], bias=False) if isinstance(layer, nn.Linear)]
    assert [layer.bias is not None for layer in linears] == [False, False, True]


def test_no_hidden_layer_is_a_linear_map():
    assert len(mlp([3, 2])) == 1


@pytest.mark.parametrize("fan_in", [1, 4])
def test_first_layer_is_initialised_for_the_inputs_that_are_not_masked(fan_in):
    torch.manual_seed(0)
    first = mlp([16, 256, 2], fan_in=fan_in)[0]
    narrow = nn.Linear(fan_in, 256)  # what the same network without a mask would begin with
    for masked, built in zip(first.parameters(), narrow.parameters(), strict=True):
        assert masked.abs().max() <= 1 / math.sqrt(fan_in)
        assert masked.std().item() == pytest.approx(built.std().item(), rel=0.15)


def test_frozen_passes_the_gradient_to_its_input_only():
    network = mlp([3, 5, 2])
    x = torch.randn(7, 3, requires_grad=True)
    assert torch.equal(frozen(network, x), network(x))
    (expected,) = torch.autograd.grad(network(x).square().sum(), x)
    frozen(network, x).square().sum().backward()
    assert torch.equal(x.grad, expected)
    assert all(parameter.grad is None for parameter in network.parameters())
