"""One step of all members of a pack: every phase, with its gradients and its optimiser."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from symray.training.loss_terms import LossTerm
from symray.training.packed.gradients import Call, Compute, Gradient
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
    """The step of the members ``rows``: no randomness, no synchronisation, no branch on data.

    Attributes:
        rows: of the stack.
        terms: what the losses of a step log, in the order of the calls.
        history: their values at each step of the window, (W, terms, n).
    """

    def __init__(
        self,
        stack: Stack,
        window: Window,
        numbers: Numbers,
        calls: Sequence[Call],
        compute: Compute,
        rows: slice,
    ) -> None:
        self.rows = rows
        self._stack, self._window, self._calls, self._compute = stack, window, calls, compute
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

        def update(i: int, gradients: Sequence[Gradient]) -> None:
            call = self._calls[i]
            if self._clips is not None:
                gradients = _clipped(gradients, self._clips)
            name = call.phase.optimiser
            rate = rates[self._optimisers.index(name)]
            optimiser = self._stack.optimisers[name]
            optimiser.update(call.names, gradients, self.rows, rate, self._decays)

        logs = self._compute(update, self._parameters, self._buffers, batches, noise, self._hp)
        terms = [
            LossTerm(call.phase.name, name)
            for call, logged in zip(self._calls, logs, strict=True)
            for name in logged
        ]
        self._write(terms, [value for logged in logs for value in logged.values()])

    def _write(self, terms: list[LossTerm], values: list[Tensor]) -> None:
        place = self._window.place
        if not self.terms:
            self.terms = terms
            self.history = values[0].new_zeros(self._window.steps, len(terms), len(values[0]))
        self.history.index_copy_(0, place.view(1), torch.stack(values).unsqueeze(0))
        place.add_(1).remainder_(self._window.steps)  # what warms a capture up goes round


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
