"""Trains many trainers at once: their steps are one program over stacked tensors."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from symray.errors import UserError
from symray.models.base import Model
from symray.networks import GRU
from symray.training.diverged import Diverged
from symray.training.loss_terms import LossTerm
from symray.training.optimise import by_optimiser, calls, learning_rate
from symray.training.packed.capture import captured, captures
from symray.training.packed.gradients import calls_of, computation
from symray.training.packed.key import packs, program
from symray.training.packed.stack import Stack
from symray.training.packed.step import Numbers, Step
from symray.training.packed.support import missing_from_torch
from symray.training.packed.trace import Traced
from symray.training.packed.window import Window
from symray.training.trainer import Trainer

Outcome = dict[str, float] | Diverged

_CONVOLUTIONS = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
_NARROW = 128
"""States of a recurrent network up to which members are better stepped together."""


class PackedTrainer:
    """Up to K :class:`Trainer` of one program, trained together an epoch at a time.

    A member keeps everything but its steps: it draws its own numbers, knows its schedule,
    evaluates and gives its state, all as it does alone. Its parameters and moments are rows of the
    pack's tensors for as long as it is a member; only the pack may then train it, and nothing load
    it.

    Members join and leave between epochs. On a GPU the step is captured once for all K rows, and
    what an empty row computes is never read. On a CPU some members at a time are trained, as many
    as its caches like, and their step is traced once for each number of members.

    Attributes:
        members: the k-th has row k.
        slots: K.
    """

    def __init__(self, like: Trainer, slots: int) -> None:
        """An empty pack for trainers of the same program as ``like``, on its device.

        Raises:
            UserError: the model, or the networks of its data, can't be packed, or this PyTorch
                hasn't what packs are made with.
        """
        if lack := missing_from_torch():
            raise UserError(lack)
        if not packs(like.design):
            raise UserError(
                f"{type(like.model).__name__} on {like.data.form.networks} networks can't be "
                "trained in a pack; train it alone"
            )
        self.members: list[Trainer] = []
        self.slots = slots
        self._program = _program_of(like)
        self._optimisers = [phases[0] for phases in by_optimiser(like.phases).values()]
        self._stack = Stack(like, slots)
        self._window = Window(like, slots)
        self._numbers = Numbers(
            list(like.hyperparameters), "gradient_clip" in like.settings, slots, like.device
        )
        self._captures = captures(like.device)
        self._calls = calls_of(self._stack.model, calls(like.phases, like.settings))
        compute = computation(self._stack.model, self._calls)
        self._compute = compute if self._captures else Traced(compute, self._calls)
        self._steps: list[Step] = []
        self._runs: list[Callable[[], None]] = []
        if self._captures:
            self._prepare([slice(0, slots)])

    def join(self, trainer: Trainer) -> None:
        """Make ``trainer`` a member, with all that it has learnt so far.

        Raises:
            UserError: there is no empty slot, or it is another program.
        """
        if len(self.members) == self.slots:
            raise UserError(f"all {self.slots} slots of the pack are taken")
        if (other := _program_of(trainer)) != self._program:
            names = self._program.keys() | other.keys()
            differs = sorted(n for n in names if self._program.get(n) != other.get(n))
            raise UserError(f"no member of this pack: {', '.join(differs)} differ")
        self._stack.put(trainer, len(self.members))
        self.members.append(trainer)

    def leave(self, trainer: Trainer) -> None:
        """Let the member ``trainer`` go; it can be trained alone, or join another pack."""
        row = self.members.index(trainer)
        self._stack.release(trainer)
        last = self.members.pop()
        if last is not trainer:  # rows of members come first
            self._stack.put(last, row)
            self.members[row] = last

    def run_epoch(self) -> dict[Trainer, Outcome]:
        """Train an epoch of every member.

        Returns:
            By member, what its own :meth:`Trainer.run_epoch` would have returned or raised. One
            that has diverged stays, and hurts no other, until it leaves.
        """
        if not self.members:
            return {}
        if not self._captures:
            self._prepare(_cut(len(self.members), _at_once(self._stack.model)))
        self._numbers.set([(m.hyperparameters, m.settings) for m in self.members])
        values = self._train_epoch()
        finite = self._stack.finite(len(self.members))
        return {
            member: self._outcome(member, values[:, :, row], finite[row])
            for row, member in enumerate(self.members)
        }

    def _prepare(self, cut: list[slice]) -> None:
        """Make the steps of the rows ``cut``."""
        if cut == [step.rows for step in self._steps]:
            return
        parts = self._stack, self._window, self._numbers, self._calls, self._compute
        self._steps = [Step(*parts, rows) for rows in cut]
        self._runs = [captured(step) if self._captures else step for step in self._steps]

    def _train_epoch(self) -> np.ndarray:
        """The members' steps; gives what was logged, (S, terms, K)."""
        window, members = self._window, self.members
        rates = torch.tensor(
            [[learning_rate(phase, m.settings) for m in members] for phase in self._optimisers],
            dtype=torch.float64,
        ) * torch.from_numpy(np.stack([m.rate_factors for m in members], axis=1)).unsqueeze(1)
        history: list[torch.Tensor] = []
        for chunks in zip(*(member.draw() for member in members), strict=True):
            for begin in range(0, chunks[0].steps, window.steps):
                steps = min(window.steps, chunks[0].steps - begin)
                for row, chunk in enumerate(chunks):
                    window.fill(row, chunk, begin)
                done = sum(map(len, history))
                window.rates[:steps, :, : len(members)] = rates[done : done + steps]
                for run in self._runs:
                    window.place.zero_()
                    for _ in range(steps):
                        run()
                logged = torch.cat([step.history[:steps] for step in self._steps], dim=2)
                history.append(logged[:, :, : len(members)].double().cpu())
        return torch.cat(history).numpy()

    def _outcome(self, member: Trainer, values: np.ndarray, finite: bool) -> Outcome:
        """What ``member`` makes of the values (S, terms) that its losses logged."""
        columns: dict[LossTerm, list[int]] = {}
        for column, term in enumerate(
            self._steps[0].terms
        ):  # repeats of a phase log the same terms
            columns.setdefault(term, []).append(column)
        series = {term: values[:, found].ravel() for term, found in columns.items()}
        try:
            return member.end_epoch(series, finite)
        except Diverged as diverged:
            return diverged


def _program_of(trainer: Trainer) -> dict[str, object]:
    """What all members of a pack have in common."""
    return {
        "model": type(trainer.model),
        "data": trainer.data.key,
        "phases": [phase.name for phase in trainer.phases],
        "device": trainer.device,
        **program(trainer.design, trainer.settings),
    }


def _at_once(model: Model) -> int:
    """How many members a CPU steps at once; what was measured stands in ``docs/packing.md``.

    Small networks are paid for by the operation, and 16 share its price. Convolutions are paid for
    by the number, and grouped ones, which vmap makes of several members', are several times slower
    than separate ones. So are wide recurrent networks, whose states are too many to be kept of
    several members.
    """
    if any(isinstance(module, _CONVOLUTIONS) for module in model.modules()):
        return 1
    width = max((gru.hidden_size for gru in model.modules() if isinstance(gru, GRU)), default=0)
    if width > _NARROW:
        return 1
    return 4 if width else 16


def _cut(members: int, most: int) -> list[slice]:
    """Rows of the first ``members``, cut into as few and as equal parts of ``most`` as can be."""
    parts = -(-members // most)
    ends = [members * part // parts for part in range(parts + 1)]
    return [slice(*ends[part : part + 2]) for part in range(parts)]
