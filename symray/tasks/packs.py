"""Many tasks in one process: those of one program are trained as one pack."""

from collections.abc import Sequence

from symray.tasks.failure import reason_of
from symray.tasks.gpu_memory import is_usable
from symray.tasks.worker import TaskRun
from symray.training.packed import PackedTrainer
from symray.training.packed.trainer import Outcome
from symray.training.trainer import Trainer


class Packs:
    """The packs of one process, a :class:`PackedTrainer` for each program among its tasks.

    A pack has about as many slots as it has members, a power of two: on a GPU an empty slot costs
    as much as a full one, and another number of slots a new capture.

    Args:
        slots: of a pack at most; 0 where nothing is packed.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._packs: dict[str, PackedTrainer] = {}
        self._given_up: set[str] = set()

    def train(self, runs: Sequence[TaskRun]) -> dict[Trainer, Outcome]:
        """Train an epoch of those of ``runs`` that are in a pack.

        Trainers come and go between two calls. A pack that raises, as one does that takes more
        memory than there is, is given up: its runs go back to their checkpoints, and whoever is at
        fault fails alone.

        Returns:
            By trainer, what its own ``run_epoch`` would have returned or raised. What isn't in it
            is to be trained by itself.

        Raises:
            Exception: a pack's, where its error has left this process without its GPU.
        """
        packed = {run.trainer: run for run in runs if self._is_packed(run)}
        self._let_go(packed)
        outcomes: dict[Trainer, Outcome] = {}
        for program in dict.fromkeys(run.program for run in packed.values()):
            assert program is not None
            members = {t: run for t, run in packed.items() if run.program == program}
            try:
                outcomes |= self._pack_of(program, members).run_epoch()
            except Exception as error:
                if not is_usable():
                    raise
                self._give_up(program, list(members.values()), error)
        return outcomes

    def _is_packed(self, run: TaskRun) -> bool:
        return bool(self._slots) and run.program not in {None, *self._given_up} and not run.ended

    def _let_go(self, staying: dict[Trainer, TaskRun]) -> None:
        for program, pack in list(self._packs.items()):
            for trainer in list(pack.members):
                if trainer not in staying:
                    pack.leave(trainer)
            if not pack.members:
                del self._packs[program]  # its memory is for the others

    def _pack_of(self, program: str, members: dict[Trainer, TaskRun]) -> PackedTrainer:
        """The pack of a program, with ``members``."""
        pack = self._packs.get(program)
        slots = min(self._slots, 2 ** (len(members) - 1).bit_length())
        if pack is None or not slots <= pack.slots <= 2 * slots:
            if pack is not None:
                _empty(pack)
            pack = self._packs[program] = PackedTrainer(next(iter(members)), slots)
        for trainer in members:
            if trainer not in pack.members:
                pack.join(trainer)
        return pack

    def _give_up(self, program: str, runs: Sequence[TaskRun], error: Exception) -> None:
        self._given_up.add(program)
        self._packs.pop(program, None)
        reason = reason_of(error)
        for run in runs:
            run.leave_pack(reason)


def _empty(pack: PackedTrainer) -> None:
    for trainer in list(pack.members):
        pack.leave(trainer)
