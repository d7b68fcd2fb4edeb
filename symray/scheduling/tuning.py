"""Ray Tune as the place where tasks run: a searcher, a scheduler and a callback, each a few lines.

Tune decides where and when. What to run comes from a :class:`TaskSource`, which also decides when
to stop; Tune's own directory is scratch that is thrown away. A trial of Tune's is a worker: it has
one task, or is an engine that the dispatcher gives as many as its pack has slots. A task that has
lost its worker is handed out again, to a new trial of Tune's: Tune's own retries leave out the
trials whose workers die while they start or change tasks.
"""

import logging
import math
import os
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from symray.scheduling.cluster.attached import as_many_as_fit, check_resources
from symray.scheduling.cluster.avoiding import avoiding_node
from symray.scheduling.cluster.own import Say, silent
from symray.scheduling.cluster.sharing import Sharing
from symray.scheduling.dispatcher import Dispatcher
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.workplace import Place
from symray.search.task_source import TaskSource
from symray.study_file import Resources
from symray.tasks.task import Task

_TELL = "_schedule_trial_task"


def missing_from_tune() -> str | None:
    """What the installed Ray hasn't and a worker of many tasks needs, as a clause; None: nothing.

    Tune has no public way to tell a worker something between two of its steps.
    """
    if hasattr(TuneController, _TELL):
        return None
    return f"Ray {ray.__version__} has no TuneController.{_TELL}, by which a pack gets its trials"


class _Unsaved:
    """Tune pickles its parts for a restore that symray never makes; these leave nothing in it."""

    def __reduce__(self) -> tuple[type[object], tuple[()]]:
        return object, ()


class _Searcher(_Unsaved, Searcher):
    """Offers the dispatcher's tasks to Tune, of which each trial is a worker."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        stopping: threading.Event,
        may_have: Callable[[], int | None],
        drivers: int,
    ) -> None:
        super().__init__()
        self.dispatcher = dispatcher
        self.stopping = stopping
        self.may_have = may_have
        self.common = {"place": Place.here(), "drivers": drivers}

    def suggest(self, trial_id: str) -> Any:
        if self.stopping.is_set():
            return Searcher.FINISHED
        if self.has_its_share():
            return None
        task = self.dispatcher.open(trial_id)
        if task is None:
            return Searcher.FINISHED if self.dispatcher.exhausted else None
        own = {
            "avoid": self.dispatcher.full_node_of(task),
            "slots": self.dispatcher.slots_of[trial_id],
        }
        return {"task": task} | own | self.common

    def has_its_share(self, beyond: int = 0) -> bool:
        """Whether other studies wait for what one more worker would take.

        With ``beyond`` whether they wait for so many that this study has too many.
        """
        most = self.may_have()
        return most is not None and len(self.dispatcher.live) >= most + beyond

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self.dispatcher.close(trial_id, dict(result.get("reports", [])) if result else {})

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the record is elsewhere."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the record is elsewhere."""


class _Scheduler(_Unsaved, FIFOScheduler):
    """Passes reports on, and to a worker what the dispatcher wants of it."""

    def __init__(self, searcher: _Searcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.searcher = searcher

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Take the tasks back before Tune's trial ends with an error."""
        text = Path(trial.error_file or os.devnull).read_text().strip()
        first = "".join(text.splitlines()[-1:]).split(". ")[0]  # Ray's guesses follow
        reason = textwrap.shorten(first, 200, placeholder=" ...") or "an unknown reason"
        self.searcher.dispatcher.lose(trial.trial_id, reason)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        # A worker that is kept for this study's next trial would hold what another one waits for,
        # and one that has lost its GPU would fail it.
        kept = result["reusable"] and not self.searcher.has_its_share()
        tune_controller._reuse_actors = kept

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        more = not self.searcher.has_its_share(beyond=1)
        orders = self.searcher.dispatcher.take_reports(trial.trial_id, result["reports"], more)
        if orders is None:
            return TrialScheduler.STOP
        if any(orders):  # reaches the worker before Tune asks it for the next step
            getattr(tune_controller, _TELL)(trial, "take", args=tuple(orders))
        return TrialScheduler.CONTINUE


class _StopWhenAsked(_Unsaved, Stopper):
    """Stops everything once the event is set."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self.stopping.is_set()


def run_tasks(
    source: TaskSource,
    resources: Resources,
    concurrency: int | None,
    slots: int,
    stopping: threading.Event,
    on_step: Callable[[], None] = lambda: None,
    on_loss: Callable[[Task, str], None] = lambda task, reason: None,
    trainable: type[tune.Trainable] = TaskTrainable,
    drivers: int = 1,
    say: Say = silent,
) -> None:
    """Run all tasks of ``source``; returns when there are none left or ``stopping`` is set.

    Args:
        source: hands out tasks and takes their reports.
        resources: what each worker takes: a task, or a pack of them.
        concurrency: most tasks at a time. For None as many as fit; on a cluster one worker more, so
            that one that can grow does, and when other studies are there an equal share.
        slots: of a worker's pack; 0 for one task a worker, trained outside a pack.
        stopping: set from anywhere to stop: live tasks write a checkpoint and stay unfinished.
        on_step: called at every turn of Tune's loop, several times a second.
        on_loss: called with the task of a worker that was lost, and why.
        trainable: what runs tasks; its results hold, under ``reports``, a :class:`Report` by the
            name of each task and, under ``reusable``, whether its worker can take another one.
        drivers: that the study has had, this one included.
        say: is told where Ray is started otherwise than the environment wants it.

    Raises:
        UserError: a task takes more than this machine has.
        OSError: the record could not be written; live tasks stay unfinished.
    """
    check_resources(resources, say)
    on_cluster = bool(os.environ.get("RAY_ADDRESS"))
    most = None if on_cluster else as_many_as_fit(resources)
    if concurrency is not None:
        most = math.ceil(concurrency / max(1, slots))
    sharing = Sharing() if on_cluster else None

    def may_have() -> int | None:
        return sharing.most(as_many_as_fit(resources)) if sharing and most is None else None

    dispatcher = Dispatcher(source, stopping, slots, concurrency, on_loss)
    searcher = _Searcher(dispatcher, stopping, may_have, drivers)

    class _Steps(_Unsaved, tune.Callback):
        def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
            dispatcher.stopping_on_error(on_step, otherwise=None)

    def takes(config: dict[str, Any]) -> tune.PlacementGroupFactory:
        task: Task = config["task"]
        gpu = resources.gpu if task.gpu is None else task.gpu
        request = tune.PlacementGroupFactory([{"CPU": resources.cpu, "GPU": gpu}])
        return avoiding_node(request, config["avoid"]) if config["avoid"] else request

    with tempfile.TemporaryDirectory(prefix="symray-tune-") as scratch, _quiet_tune():
        tuner = tune.Tuner(
            tune.with_resources(trainable, takes),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=_Scheduler(searcher),
                num_samples=-1,
                max_concurrent_trials=most,
                reuse_actors=True,
                trial_name_creator=lambda trial: str(trial.config["task"].name),
                trial_dirname_creator=lambda trial: str(trial.trial_id),
            ),
            run_config=tune.RunConfig(
                name="scratch",
                storage_path=scratch,
                stop=_StopWhenAsked(stopping),
                checkpoint_config=tune.CheckpointConfig(
                    checkpoint_frequency=0, checkpoint_at_end=False
                ),
                callbacks=[_Steps()],
                verbose=0,
            ),
        )
        try:
            tuner.fit()
        finally:
            if sharing:
                sharing.close()
    if dispatcher.failure is not None:
        raise dispatcher.failure


_QUIET = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000000",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
}


@contextmanager
def _quiet_tune() -> Iterator[None]:
    """Tune without its own loggers, reporter, snapshots and signal handler, which we replace."""
    before = {name: os.environ.get(name) for name in _QUIET}
    logger = logging.getLogger("ray.tune")
    level = logger.level
    os.environ.update(_QUIET)
    logger.setLevel(logging.CRITICAL)
    try:
        # Ray prints a raylet's notes to stdout from a thread of its own; results go there alone.
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
