"""A study's one worker is this process: for a machine with a GPU and without Ray."""

import time
from collections.abc import Callable
from threading import Event

from symray.errors import UserError
from symray.scheduling.dispatcher import Dispatcher
from symray.scheduling.engine import Engine
from symray.scheduling.workplace import Place
from symray.search.task_source import TaskSource
from symray.tasks.failure import reason_of
from symray.tasks.pack_speed import measure_packs
from symray.tasks.task import Task

HERE = "here"

PAUSE = 0.1
"""Seconds before a source is asked again that has no task now, as one whose sampler thinks."""


class ThisProcess:
    """What a driver is handed to train its study's tasks with.

    Args:
        drivers: that the study has had, this one included.

    Attributes:
        count: workers at a time.
        lacks: what packs need and isn't here: nothing.
        measure_packs: what a pack would bring.
    """

    count = 1
    lacks = None
    measure_packs = staticmethod(measure_packs)

    def __init__(self, drivers: int = 1) -> None:
        self._drivers = drivers

    def run(
        self,
        source: TaskSource,
        concurrency: int | None,
        slots: int,
        stopping: Event,
        on_step: Callable[[], None],
        on_loss: Callable[[Task, str], None],
    ) -> None:
        """Train all tasks of ``source``; returns when none is left or ``stopping`` is set.

        Args:
            source: hands out tasks and takes their reports.
            concurrency: most tasks at a time; None for as many as ``slots``.
            slots: of the pack; 0 for one task after another, trained outside a pack.
            stopping: set from anywhere to stop: live tasks write a checkpoint and stay unfinished.
            on_step: called after every epoch.
            on_loss: never called: a worker that dies is the driver.

        Raises:
            UserError: this process can train no more.
            OSError: the record could not be written; live tasks stay unfinished.
        """
        dispatcher = Dispatcher(source, stopping, slots, concurrency, on_loss)
        while not (stopping.is_set() or dispatcher.exhausted):
            first = dispatcher.open(HERE)
            if first is None:
                dispatcher.stopping_on_error(on_step, otherwise=None)
                time.sleep(PAUSE)
            else:
                self._train(dispatcher, first, stopping, on_step)
        if dispatcher.failure is not None:
            raise dispatcher.failure

    def _train(
        self, dispatcher: Dispatcher, first: Task, stopping: Event, on_step: Callable[[], None]
    ) -> None:
        """Train ``first`` and what joins its pack, until none of them is left."""
        engine = Engine(dispatcher.slots_of[HERE], Place.here(), self._drivers)
        engine.take([first], [])
        orders = dispatcher.take_reports(HERE, [], may_have_more=True)
        while orders is not None and not stopping.is_set():
            engine.take(*orders)
            try:
                reports = engine.step()
            except OSError:
                raise
            except Exception as error:  # a GPU that is lost, most likely
                raise UserError(
                    f"this process can train no more ({reason_of(error)}); the same command goes "
                    "on from the last checkpoints"
                ) from error
            orders = dispatcher.take_reports(HERE, reports, may_have_more=True)
            dispatcher.stopping_on_error(on_step, otherwise=None)
        engine.close()
        dispatcher.close(HERE, {})
