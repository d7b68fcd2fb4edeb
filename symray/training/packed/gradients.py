"""What a phase of a step computes: each member's loss, what it logs, and its gradients."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Model, Noise

Tensors = Mapping[str, Tensor]
Gradient = Tensor | tuple[Tensor, ...]
"""Of one parameter, (n, ...), or each member's for itself."""
Gradients = Callable[
    [Tensors, Tensors, list[Batch], Noise, Hyperparameters],
    tuple[list[Gradient], dict[str, Tensor]],
]
"""From n members' parameters, buffers, batches, noise and hyperparameters, all (n, ...): the
gradients of what a phase trains, and by name, (n,), what its losses log and the "loss" itself."""


def gradients_of(model: Model, phase: str, names: Sequence[str]) -> Gradients:
    """Those of ``phase`` by the parameters ``names``; ``model``'s own weights aren't used."""

    def loss(parameters: dict[str, Tensor], buffers: dict[str, Tensor], *given: object) -> Loss:
        result: Loss = functional_call(model, (parameters, buffers), (phase, *given))
        return result

    def gradients(
        parameters: Tensors,
        buffers: Tensors,
        batches: list[Batch],
        noise: Noise,
        hp: Hyperparameters,
    ) -> tuple[list[Gradient], dict[str, Tensor]]:
        leaves = {name: p.detach().requires_grad_(name in names) for name, p in parameters.items()}
        losses, logs = vmap(loss)(leaves, buffers, batches, noise, hp)
        found = torch.autograd.grad(losses.sum(), [leaves[name] for name in names])
        return list(found), {k: v.detach() for k, v in {**logs, "loss": losses}.items()}

    return gradients
