"""One step of all members of a pack: every phase, with its gradients and its optimiser."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from symray.data.base import Batch
from symray.models.base import Hyperparameters, Loss, Noise, Phase
from symray.training.loss_terms import LossTerm
from symray.training.optimise import trained
from symray.training.packed.stack import Stack
from symray.training.packed.window import Window
from symray.training.settings import Settings


class Numbers:
    """What members choose for themselves, as tensors that the step reads.

    Attributes:
        hp: what the losses read, (K,) by name.
        decays: weight decays, (K,) float64.
        clips: largest norms of a member's gradient, (K,); None where gradients aren't clipped.
    """

    def __init__(self, names: Sequence[str], clips: bool, slots: int, device: torch.device) -> None:
        self.hp = {name: torch.zeros(slots, device=device) for name in names}
        self.decays = torch.zeros(slots, dtype=torch.float64, device=device)
        self.clips = torch.zeros(slots, device=device) if clips else None

    def set(self, members: Sequence[tuple[Mapping[str, float], Settings]]) -> None:
        """Take over each member's hyperparameters and settings."""
        for name, values in self.hp.items():
            _set(values, [hp[name] for hp, _ in members])
        _set(self.decays, [settings["weight_decay"] for _, settings in members])
        if self.clips is not None:
            _set(self.clips, [settings["gradient_clip"] for _, settings in members])


class Step:
    """The step of the first n members: no randomness, no synchronisation, no branch on data.

    Attributes:
        terms: what the losses of a step log, in the order of the calls.
        history: their values at each step of the window, (W, terms, n).
    """

    def __init__(
        self, stack: Stack, window: Window, numbers: Numbers, phases: Sequence[Phase], members: int
    ) -> None:
        self._stack, self._window, self._members = stack, window, members
        self._phases = [(phase, list(trained(stack.model, phase))) for phase in phases]
        self._optimisers = list(stack.optimisers)
        self._parameters = {
            name: stacked[:members].detach().requires_grad_()
            for name, stacked in stack.parameters.items()
        }
        self._buffers = {name: stacked[:members] for name, stacked in stack.buffers.items()}
        self._hp = {name: values[:members] for name, values in numbers.hp.items()}
        self._decays = numbers.decays[:members]
        self._clips = None if numbers.clips is None else numbers.clips[:members]
        self.terms: list[LossTerm] = []
        self.history = torch.empty(0)

    def __call__(self) -> None:
        """Train the step that stands at the window's place, and go on to the next place."""
        batches, noise, rates = self._window.step(self._members)
        terms: list[LossTerm] = []
        values: list[Tensor] = []
        for (phase, names), drawn in zip(self._phases, noise, strict=True):
            losses, logs = self._losses(phase.name, names, batches, drawn)
            gradients = torch.autograd.grad(losses.sum(), [self._parameters[n] for n in names])
            if self._clips is not None:
                gradients = _clipped(gradients, self._clips)
            rate = rates[self._optimisers.index(phase.optimiser)]
            optimiser = self._stack.optimisers[phase.optimiser]
            optimiser.update(names, gradients, rate, self._decays)
            for name, logged in {**logs, "loss": losses}.items():
                terms.append(LossTerm(phase.name, name))
                values.append(logged.detach())
        self._write(terms, values)

    def _losses(
        self, phase: str, names: Sequence[str], batches: list[Batch], noise: Noise
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Each member's loss and logs, (n,); differentiable in the parameters ``names``."""
        parameters = {
            name: p if name in names else p.detach() for name, p in self._parameters.items()
        }

        def loss(p: dict[str, Tensor], b: dict[str, Tensor], *given: object) -> Loss:
            result: Loss = functional_call(self._stack.model, (p, b), (phase, *given))
            return result

        hp: Hyperparameters = self._hp
        return vmap(loss)(parameters, self._buffers, batches, noise, hp)

    @torch.no_grad()
    def _write(self, terms: list[LossTerm], values: list[Tensor]) -> None:
        place = self._window.place
        if not self.terms:
            self.terms = terms
            self.history = values[0].new_zeros(self._window.steps, len(terms), self._members)
        self.history.index_copy_(0, place.view(1), torch.stack(values).unsqueeze(0))
        place.add_(1)


def _set(values: Tensor, first: Sequence[float]) -> None:
    """Copy ``first`` to the first of ``values``; what float32 can't hold becomes inf."""
    values[: len(first)].copy_(torch.tensor(first, dtype=torch.float64))


def _clipped(gradients: Sequence[Tensor], most: Tensor) -> tuple[Tensor, ...]:
    """``gradients`` (n, ...) of each member scaled down to the norm ``most`` (n,).

    As :func:`torch.nn.utils.clip_grad_norm_` does for one.
    """
    norms = torch.stack([g.reshape(len(g), -1).norm(dim=1) for g in gradients]).norm(dim=0)
    scale = (most / (norms + 1e-6)).clamp(max=1)
    return tuple(g * scale.view(-1, *(1,) * (g.ndim - 1)) for g in gradients)
