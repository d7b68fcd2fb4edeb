"""Units of many members against torch.nn.GRU, one member after the other."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from symray.networks.gru import GRU, vectorise

LENGTH, BATCH, INPUTS = 7, 5, 3


def torchs(own: GRU) -> nn.GRU:
    """PyTorch's with the weights of ``own``."""
    gru = nn.GRU(INPUTS, own.hidden_size, own.num_layers, batch_first=True).to(own.weight_ih_l0)
    gru.load_state_dict(own.state_dict())
    return gru


def units(members: int, width: int, layers: int, dtype: torch.dtype) -> list[GRU]:
    torch.manual_seed(0)
    return [GRU(INPUTS, width, layers).to(dtype) for _ in range(members)]


def draws(members: int, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Inputs, and the gradients of a loss by the states."""
    shapes = [(members, BATCH, LENGTH, INPUTS), (members, BATCH, LENGTH, width)]
    x, by_states = (torch.randn(shape, dtype=dtype) for shape in shapes)
    return x.requires_grad_(), by_states


def pack_of(grus: list[GRU], x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """States of all members, and what their gradients are asked of."""
    one = GRU(INPUTS, grus[0].hidden_size, grus[0].num_layers)
    vectorise(one)
    parameters, _ = stack_module_state(list[nn.Module](grus))
    states = vmap(lambda p, own: functional_call(one, p, (own,)))(parameters, x)
    return states, [x, *parameters.values()]


@pytest.mark.parametrize(("width", "layers"), [(4, 1), (6, 3)])
def test_a_pack_is_torchs_one_by_one_in_float64(width, layers):
    grus = units(3, width, layers, torch.float64)
    x, by_states = draws(3, width, torch.float64)
    states, leaves = pack_of(grus, x)
    gradients = torch.autograd.grad(states, leaves, by_states)
    for k, own in enumerate(grus):
        oracle = torchs(own)
        expected, _ = oracle(x[k])
        torch.testing.assert_close(states[k], expected, rtol=1e-12, atol=1e-12)
        wanted = torch.autograd.grad(expected, [x, *oracle.parameters()], by_states[k])
        torch.testing.assert_close(gradients[0][k], wanted[0][k], rtol=1e-11, atol=1e-11)
        for found, of_torch in zip(gradients[1:], wanted[1:], strict=True):
            torch.testing.assert_close(found[k], of_torch, rtol=1e-11, atol=1e-11)


def test_without_vmap_in_float32_with_products_of_onednn():
    """Wide enough for them; sums of 96 states are rounded at 1e-6."""
    (own,) = units(1, 96, 2, torch.float32)
    x, by_states = torch.randn(60, LENGTH, INPUTS), torch.randn(60, LENGTH, 96)
    expected, _ = torchs(own)(x)
    vectorise(own)
    states = own(x)
    torch.testing.assert_close(states, expected, rtol=1e-4, atol=1e-5)
    parameters = list(own.parameters())
    oracle = torchs(own)
    wanted = torch.autograd.grad(oracle(x)[0], list(oracle.parameters()), by_states)
    for a, b in zip(torch.autograd.grad(states, parameters, by_states), wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def test_what_is_not_vectorised_is_torchs_to_the_last_bit():
    (own,) = units(1, 4, 2, torch.float32)
    x = torch.randn(BATCH, LENGTH, INPUTS)
    assert torch.equal(own(x), torchs(own)(x)[0])


@pytest.mark.parametrize("width", [4])
def test_members_may_share_their_inputs(width):
    grus = units(2, width, 1, torch.float64)
    x, _ = draws(1, width, torch.float64)
    one = GRU(INPUTS, width)
    vectorise(one)
    parameters, _ = stack_module_state(list[nn.Module](grus))
    states = vmap(lambda p: functional_call(one, p, (x[0],)))(parameters)
    for k, own in enumerate(grus):
        torch.testing.assert_close(states[k], torchs(own)(x[0])[0])
