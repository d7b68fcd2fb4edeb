"""What a step computes: of each phase every member's loss, what it logs, and its gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.utils import _pytree as pytree

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Model, Noise, Phase
from symray.training.optimise import trained

Tensors = dict[str, Tensor]
Gradient = Tensor | tuple[Tensor, ...]
"""Of one parameter, (n, ...), or each member's for itself."""
Update = Callable[[int, Sequence[Gradient]], None]
"""Changes in place what the i-th call trains, by its gradients."""
Compute = Callable[
    [Update, Tensors, Tensors, list[Batch], Sequence[Noise], Hyperparameters], list[Tensors]
]
"""From an update, and of n members the parameters, buffers, batches, each call's noise and the
hyperparameters, all (n, ...): what each call logs, its "loss" among it, (n,) by name."""


@dataclass(frozen=True)
class Call:
    """One loss call of a step: a phase, and the names of the parameters that it trains."""

    phase: Phase
    names: Sequence[str]


def calls_of(model: Model, phases: Sequence[Phase]) -> list[Call]:
    """The calls of a step of ``phases``, repeats included."""
    return [Call(phase, list(trained(model, phase))) for phase in phases]


def computation(model: Model, calls: Sequence[Call]) -> Compute:
    """That of ``calls``, one after the other; ``model``'s own weights aren't used."""

    def compute(
        update: Update,
        parameters: Tensors,
        buffers: Tensors,
        batches: list[Batch],
        noise: Sequence[Noise],
        hp: Hyperparameters,
    ) -> list[Tensors]:
        logged = []
        for i, (call, drawn) in enumerate(zip(calls, noise, strict=True)):

            def loss(p: Tensors, b: Tensors, *given: object, phase: str = call.phase.name) -> Loss:
                result: Loss = functional_call(model, (p, b), (phase, *given))
                return result

            leaves = {n: p.detach().requires_grad_(n in call.names) for n, p in parameters.items()}
            losses, logs = _for_each(loss)(leaves, buffers, batches, drawn, hp)
            update(i, torch.autograd.grad(losses.sum(), [leaves[n] for n in call.names]))
            logged.append({name: v.detach() for name, v in {**logs, "loss": losses}.items()})
        return logged

    return compute


def _for_each(loss: Callable[..., Loss]) -> Callable[..., Loss]:
    """``loss`` of n members by vmap; of a single one without it, which keeps its memory formats."""

    def losses(parameters: Tensors, *given: Any) -> Loss:
        if len(next(iter(parameters.values()))) > 1:
            result: Loss = vmap(loss)(parameters, *given)
            return result
        one = loss(*pytree.tree_map(lambda value: value[0], (parameters, *given)))
        return pytree.tree_map(lambda value: value.unsqueeze(0), one)  # type: ignore[no-any-return]

    return losses
