"""Gated recurrent units of many members at once, which ``torch.nn.GRU`` has no rule for."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from symray.networks.products import product


class GRU(nn.GRU):
    """``torch.nn.GRU`` that also works under ``torch.func.vmap``, after :func:`vectorise`.

    Its layers are then computed step by step for all members (Cho et al. 2014, with the reset gate
    after the product as in PyTorch and cuDNN), with gradients written down by hand: those of the
    weights are one product over all steps. The numbers are PyTorch's but for rounding.
    """

    vectorised = False

    def __init__(self, inputs: int, width: int, layers: int = 1) -> None:
        super().__init__(inputs, width, layers, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """All states (N, L, width) of the last layer that reads the one below, and so on x."""
        if not self.vectorised:
            states: Tensor = super().forward(x)[0]
            return states
        states = x.transpose(0, 1).unsqueeze(0)
        for layer in range(self.num_layers):
            weights = (
                getattr(self, f"{kind}_l{layer}").unsqueeze(0)
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            states = _layer(states, *weights)[0][:, 1:]
        return states.squeeze(0).transpose(0, 1)


def vectorise(model: nn.Module) -> None:
    """Make every :class:`GRU` of ``model`` work under vmap from now on."""
    for module in model.modules():
        if isinstance(module, GRU):
            module.vectorised = True


@torch.library.custom_op("symray::gru_layer", mutates_args=())
def _layer(
    x: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer of K members.

    Args:
        x: (K, L, B, I).
        w_ih: weights of the reset, update and new gates upon one another, (K, 3H, I).
        w_hh: the same of the state, (K, 3H, H).
        b_ih: (K, 3H).
        b_hh: (K, 3H).

    Returns:
        States (K, L + 1, B, H), which begin with 0; the gates (K, L, B, 3H); and what the reset
        gate is multiplied by, (K, L, B, H).
    """
    members, length, batch, _ = x.shape
    width = w_hh.shape[2]
    gates = product(x.flatten(1, 2), w_ih.mT).view(members, length, batch, 3 * width)
    gates += b_ih[:, None, None]
    states = x.new_zeros(members, length + 1, batch, width)
    hidden = x.new_empty(members, length, batch, width)
    for t in range(length):
        old, here = states[:, t], gates[:, t]
        of_state = product(old, w_hh.mT).add_(b_hh[:, None])
        hidden[:, t] = of_state[..., 2 * width :]
        both = here[..., : 2 * width].add_(of_state[..., : 2 * width]).sigmoid_()
        new = here[..., 2 * width :].addcmul_(both[..., :width], hidden[:, t]).tanh_()
        torch.lerp(new, old, both[..., width:], out=states[:, t + 1])
    return states, gates, hidden


@torch.library.custom_op("symray::gru_layer_backward", mutates_args=())
def _gradients(
    by_states: Tensor,
    x: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    states: Tensor,
    gates: Tensor,
    hidden: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Of the arguments of :func:`_layer`, from those of its states; gates before their functions.

    With ``h' = (1 - z) n + z h`` and ``n = tanh(a + r b)``.
    """
    width = w_hh.shape[2]
    r, z, n = gates.chunk(3, -1)
    old = states[:, :-1]
    n_by_state = (1 - z) * (1 - n * n)
    z_by_state = (old - n) * z * (1 - z)
    r_by_new = hidden * r * (1 - r)
    by_gates = torch.empty_like(gates)
    by_new = torch.empty_like(n)
    by_state = torch.zeros_like(states[:, 0])
    for t in reversed(range(n.shape[1])):
        by_state += by_states[:, t + 1]
        by_r, by_z, by_hidden = by_gates[:, t].chunk(3, -1)
        torch.mul(by_state, n_by_state[:, t], out=by_new[:, t])
        torch.mul(by_new[:, t], r_by_new[:, t], out=by_r)
        torch.mul(by_state, z_by_state[:, t], out=by_z)
        torch.mul(by_new[:, t], r[:, t], out=by_hidden)
        by_state.mul_(z[:, t]).add_(product(by_gates[:, t], w_hh))
    flat = by_gates.flatten(1, 2)
    by_w_hh, by_b_hh = product(flat.mT, old.flatten(1, 2)), flat.sum(1)
    by_gates[..., 2 * width :] = by_new
    by_w_ih, by_b_ih = product(flat.mT, x.flatten(1, 2)), flat.sum(1)
    by_x = product(flat, w_ih).view_as(x)
    return by_x, by_w_ih, by_w_hh, by_b_ih, by_b_hh


def _keep(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*inputs[:3], *output)


def _backward(ctx: Any, by_states: Tensor, *_: None) -> tuple[Tensor, ...]:
    gradients: tuple[Tensor, ...] = _gradients(by_states, *ctx.saved_tensors)
    return gradients


def _over_members(operation: Callable[..., tuple[Tensor, ...]]) -> Callable[..., Any]:
    """The rule of vmap for an operation whose tensors all have members in front."""

    def rule(info: Any, in_dims: Any, *tensors: Tensor) -> tuple[tuple[Tensor, ...], Any]:
        stacked = [
            t.expand(info.batch_size, *t.shape) if dim is None else t.movedim(dim, 0)
            for t, dim in zip(tensors, in_dims, strict=True)
        ]
        results = operation(*(t.flatten(0, 1) for t in stacked))
        split = tuple(r.reshape(info.batch_size, -1, *r.shape[1:]) for r in results)
        return split, (0,) * len(split)

    return rule


_layer.register_autograd(_backward, setup_context=_keep)
for _operation in (_layer, _gradients):
    _operation.register_vmap(_over_members(_operation))
