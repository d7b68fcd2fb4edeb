"""The tensors of K members of one model, stacked."""

import copy

import torch
from torch import Tensor

from symray.networks import vectorise
from symray.training.optimise import by_optimiser, trained
from symray.training.packed.adam import QUANTITIES, StackedAdamW
from symray.training.trainer import Trainer


class Stack:
    """Parameters, buffers and optimisers of up to K trainers; row k belongs to the k-th.

    While a trainer has a row, its own parameters and moments are views of it: what the pack trains,
    the trainer evaluates and writes to checkpoints, and nothing is copied.

    Attributes:
        model: what :func:`torch.func.functional_call` calls; its own weights aren't used.
        parameters: (K, ...) by name.
        buffers: (K, ...) by name.
        optimisers: by name.
    """

    def __init__(self, like: Trainer, slots: int) -> None:
        self.model = copy.deepcopy(like.model).requires_grad_(False).train()
        vectorise(self.model)
        self.parameters = {
            name: torch.empty_strided(  # rows are laid out as the parameter
                (slots, *p.shape), (p.numel(), *p.stride()), dtype=p.dtype, device=p.device
            ).zero_()
            for name, p in self.model.named_parameters()
        }
        self.buffers = {name: torch.stack([b] * slots) for name, b in self.model.named_buffers()}
        self.optimisers = {
            name: StackedAdamW(
                {name: self.parameters[name] for name in trained(like.model, *phases)},
                phases[0].betas,
            )
            for name, phases in by_optimiser(like.phases).items()
        }

    @torch.no_grad()
    def put(self, trainer: Trainer, row: int) -> None:
        """Copy what ``trainer`` has into ``row``, and make it views of that row."""
        for name, parameter in trainer.model.named_parameters():
            parameter.data = self.parameters[name][row].copy_(parameter)
        for name, buffer in trainer.model.named_buffers():
            self.buffers[name][row] = buffer
        for optimiser, name, _, state in trainer.optimisers.moments():
            for quantity in QUANTITIES:
                stacked = self.optimisers[optimiser].state[name][quantity]
                state[quantity] = stacked[row].copy_(state.get(quantity, torch.zeros(())))

    @torch.no_grad()
    def release(self, trainer: Trainer) -> None:
        """Give ``trainer`` tensors of its own again, equal to its row."""
        for parameter in trainer.model.parameters():
            parameter.data = parameter.data.clone()
        for _, _, _, state in trainer.optimisers.moments():
            for quantity, value in state.items():
                state[quantity] = value.clone()

    def finite(self, members: int) -> list[bool]:
        """Whether all weights are finite, of each of the first ``members``."""
        finite = [_per_member(p[:members]).isfinite().all(1) for p in self.parameters.values()]
        return torch.stack(finite).all(0).tolist()


def _per_member(value: Tensor) -> Tensor:
    """(K, ...) as (K, numbers)."""
    return value.reshape(len(value), -1)
