"""One step of all members of a pack: every phase, with its gradients and its optimiser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symray.models.base import Model, Phase
from symray.training.loss_terms import LossTerm
from symray.training.optimise import trained
from symray.training.packed.gradients import Gradient, Gradients, gradients_of
from symray.training.packed.stack import Stack
from symray.training.packed.trace import Traced
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


@dataclass(frozen=True)
class Update:
    """One phase's update of all members: gradients of its own parameters, a step of its optimiser.

    Attributes:
        phase: the phase.
        parameters: names of those that it trains.
        gradients: what it computes.
    """

    phase: Phase
    parameters: Sequence[str]
    gradients: Gradients


def updates_of(model: Model, phases: Sequence[Phase], trace: bool) -> list[Update]:
    """The updates of one step of ``phases``, repeats included; traced where ``trace``."""

    def update(phase: Phase) -> Update:
        names = list(trained(model, phase))
        gradients = gradients_of(model, phase.name, names)
        return Update(phase, names, Traced(gradients) if trace else gradients)

    by_name = {phase.name: update(phase) for phase in phases}
    return [by_name[phase.name] for phase in phases]


class Step:
    """The step of the members ``rows``: no randomness, no synchronisation, no branch on data.

    Attributes:
        rows: of the stack.
        terms: what the losses of a step log, in the order of the calls.
        history: their values at each step of the window, (W, terms, n).
    """

    def __init__(
        self, stack: Stack, window: Window, numbers: Numbers, updates: Sequence[Update], rows: slice
    ) -> None:
        self.rows = rows
        self._stack, self._window, self._updates = stack, window, updates
        self._optimisers = list(stack.optimisers)
        self._parameters = {name: stacked[rows] for name, stacked in stack.parameters.items()}
        self._buffers = {name: stacked[rows] for name, stacked in stack.buffers.items()}
        self._hp = {name: values[rows] for name, values in numbers.hp.items()}
        self._decays = numbers.decays[rows]
        self._clips = None if numbers.clips is None else numbers.clips[rows]
        self.terms: list[LossTerm] = []
        self.history = torch.empty(0)

    def __call__(self) -> None:
        """Train the step that stands at the window's place, and go on to the next place."""
        batches, noise, rates = self._window.step(self.rows)
        terms: list[LossTerm] = []
        values: list[Tensor] = []
        for update, drawn in zip(self._updates, noise, strict=True):
            gradients, logs = update.gradients(
                self._parameters, self._buffers, batches, drawn, self._hp
            )
            if self._clips is not None:
                gradients = _clipped(gradients, self._clips)
            optimiser = update.phase.optimiser
            rate = rates[self._optimisers.index(optimiser)]
            self._stack.optimisers[optimiser].update(
                update.parameters, gradients, self.rows, rate, self._decays
            )
            terms += [LossTerm(update.phase.name, name) for name in logs]
            values += logs.values()
        self._write(terms, values)

    def _write(self, terms: list[LossTerm], values: list[Tensor]) -> None:
        place = self._window.place
        if not self.terms:
            self.terms = terms
            self.history = values[0].new_zeros(self._window.steps, len(terms), len(values[0]))
        self.history.index_copy_(0, place.view(1), torch.stack(values).unsqueeze(0))
        place.add_(1)


def _set(values: Tensor, first: Sequence[float]) -> None:
    """Copy ``first`` to the first of ``values``; what float32 can't hold becomes inf."""
    values[: len(first)].copy_(torch.tensor(first, dtype=torch.float64))


def _clipped(gradients: Sequence[Gradient], most: Tensor) -> list[Gradient]:
    """``gradients`` of each member scaled down to the norm ``most`` (n,).

    As :func:`torch.nn.utils.clip_grad_norm_` does for one.
    """
    stacked = [g if isinstance(g, Tensor) else torch.stack(g) for g in gradients]
    norms = torch.stack([g.reshape(len(g), -1).norm(dim=1) for g in stacked]).norm(dim=0)
    scale = (most / (norms + 1e-6)).clamp(max=1)
    return [g * scale.view(-1, *(1,) * (g.ndim - 1)) for g in stacked]
