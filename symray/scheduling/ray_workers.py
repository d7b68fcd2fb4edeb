"""Workers of a study on Ray: this machine's own, or those of a cluster."""

import threading
from collections.abc import Callable

from symray.errors import UserError
from symray.scheduling.cluster.attached import as_many_as_fit, check_resources
from symray.scheduling.cluster.own import Say
from symray.scheduling.tuning import missing_from_tune, run_tasks
from symray.scheduling.worker_call import call_at_worker
from symray.search.task_source import TaskSource
from symray.study_file import Resources
from symray.tasks.pack_speed import PackSpeed, measure_packs
from symray.tasks.task import Task
from symray.training.spec import TrialSpec


class RayWorkers:
    """What a driver is handed to train its study's tasks with.

    Args:
        resources: what a worker takes.
        say: is told where Ray is started otherwise than the environment wants it.
        drivers: that the study has had, this one included.
    """

    def __init__(self, resources: Resources, say: Say, drivers: int = 1) -> None:
        self._resources = resources
        self._drivers = drivers
        self._say = say

    @property
    def count(self) -> int:
        """Workers at a time, on what is there now.

        Raises:
            UserError: this machine has less than one of them takes.
        """
        check_resources(self._resources, self._say)
        return as_many_as_fit(self._resources)

    @property
    def lacks(self) -> str | None:
        """What packs need of Ray and it hasn't, as a clause."""
        return missing_from_tune()

    def measure_packs(self, spec: TrialSpec, threads: int, most: int, gpu: float) -> PackSpeed:
        """What :func:`symray.tasks.pack_speed.measure_packs` finds where a worker is."""
        try:
            found: PackSpeed = call_at_worker(
                self._resources, measure_packs, spec, threads, most, gpu
            )
        except UserError as error:
            return PackSpeed("", 0, 1.0, f"no pack: it could not be measured ({error})")
        return found

    def run(
        self,
        source: TaskSource,
        concurrency: int | None,
        slots: int,
        stopping: threading.Event,
        on_step: Callable[[], None],
        on_loss: Callable[[Task, str], None],
    ) -> None:
        """As :func:`symray.scheduling.tuning.run_tasks`."""
        run_tasks(
            source,
            self._resources,
            concurrency,
            slots,
            stopping,
            on_step,
            on_loss,
            drivers=self._drivers,
            say=self._say,
        )
