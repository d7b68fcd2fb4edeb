"""What trains a worker's tasks: one, or those of a pack, an epoch of all of them at a time.

Nothing here knows Ray: a Tune trainable drives it, and a process without Ray.
"""

from collections.abc import Sequence

from symray.scheduling.assignment import Assignment, printing_to
from symray.scheduling.workplace import Place
from symray.tasks.packs import Packs
from symray.tasks.task import Report, Task


class Engine:
    """The tasks of one process; their prints go to the ``output.log`` of each.

    Args:
        slots: of a pack; 0 where each task is trained alone.
        place: where the driver keeps the study; None where its tasks are all there is.
        drivers: that the study has had, the one included that hands tasks out.
    """

    def __init__(self, slots: int, place: Place | None = None, drivers: int = 0) -> None:
        self._slots = slots
        self._place = place
        self._drivers = drivers
        self._packs = Packs(slots)
        self._assignments: dict[str, Assignment] = {}
        self._to_leave: list[str] = []

    @property
    def idle(self) -> bool:
        """Whether it has no task."""
        return not self._assignments

    def take(self, tasks: Sequence[Task], leave: Sequence[str]) -> None:
        """What the driver wants of the next step: more ``tasks``, and some ended, by name."""
        for task in tasks:
            assignment = Assignment(task, self._place, self._drivers, self._slots)
            self._assignments[task.name] = assignment
        self._to_leave += leave

    def step(self) -> list[tuple[str, Report]]:
        """An epoch of every task; gives the report of each by name.

        What goes wrong before a task's first epoch is its report, so that it fails once.
        """
        for name in self._to_leave:
            self._assignments.pop(name).leave()
        self._to_leave = []
        reports = self._advance()
        for name, report in reports.items():
            if report.outcome != "running":
                self._assignments.pop(name).leave()
        return list(reports.items())

    def close(self) -> None:
        """Lose no epoch when tasks are stopped between two checkpoints."""
        for assignment in self._assignments.values():
            assignment.leave()
        self.forget()

    def forget(self) -> None:
        """Leave the tasks as they are on disk: whoever goes on mends what was written in part."""
        self._assignments = {}
        self._packs = Packs(self._slots)

    def _advance(self) -> dict[str, Report]:
        begun = {name: assignment.begin() for name, assignment in self._assignments.items()}
        reports = {name: report for name, report in begun.items() if report is not None}
        assignments = {
            name: assignment
            for name, assignment in self._assignments.items()
            if name not in reports
        }
        runs = {
            assignment.task.name: assignment.run
            for assignment in assignments.values()
            if assignment.run is not None
        }
        with printing_to([run.task for run in runs.values()]):
            outcomes = self._packs.train(list(runs.values()))
        for name, run in runs.items():
            reports[name] = assignments[name].advance(outcomes.get(run.trainer))
        return reports
