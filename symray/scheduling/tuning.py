"""Ray Tune as the place where tasks run: a searcher, a scheduler and a callback, each a few lines.

Tune decides where and when. What to run comes from a :class:`TaskSource`, which also decides when
to stop; Tune's own directory is scratch that is thrown away. A task that has lost its worker is
handed out again, to a new trial of Tune's: Tune's own retries leave out the trials whose workers
die while they start or change tasks.
"""

import logging
import os
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher
from ray.tune.stopper import Stopper

from symray.errors import UserError
from symray.scheduling.cluster.attached import as_many_as_fit, check_resources
from symray.scheduling.cluster.own import Say, silent
from symray.scheduling.cluster.sharing import Sharing
from symray.scheduling.full_disk import avoiding_node, full_node_of
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.workplace import Place
from symray.search.task_source import TaskSource
from symray.study_file import Resources
from symray.tasks.task import Report, Task

T = TypeVar("T")

WORKER_DEATHS = 3
"""A task may lose its worker so often without a new epoch; with the next loss it fails."""


class _Loss(NamedTuple):
    """The last loss of a task's worker."""

    times: int
    """Losses without a new epoch, this one included."""
    reason: str


class _Unsaved:
    """Tune pickles its parts for a restore that symray never makes; these leave nothing in it."""

    def __reduce__(self) -> tuple[type[object], tuple[()]]:
        return object, ()


class _Searcher(_Unsaved, Searcher):
    """Offers the source's tasks to Tune."""

    def __init__(
        self,
        source: TaskSource,
        stopping: threading.Event,
        may_have: Callable[[], int | None],
        on_loss: Callable[[Task, str], None],
        drivers: int,
    ) -> None:
        super().__init__()
        self.source = source
        self.stopping = stopping
        self.may_have = may_have
        self.on_loss = on_loss
        self.common = {"place": Place.here(), "drivers": drivers}
        self.live: dict[str, Task] = {}
        self.reports: dict[str, Report] = {}
        self.losses: dict[str, _Loss] = {}
        self.furthest: dict[str, int] = {}
        self.again: list[Task] = []
        self.failure: Exception | None = None

    def suggest(self, trial_id: str) -> Any:
        if self.stopping.is_set():
            return Searcher.FINISHED
        if self.has_its_share():
            return None
        task = (
            self.again.pop(0)
            if self.again
            else self.stopping_on_error(self.source.next, otherwise=None)
        )
        if task is not None:
            self.live[trial_id] = task
            loss = self.losses.get(task.name)
            full = full_node_of(loss.reason) if loss else None
            return {"task": task, "avoid": full} | self.common
        done = self.stopping_on_error(lambda: self.source.exhausted, otherwise=True)
        return Searcher.FINISHED if done and not self.live else None

    def has_its_share(self) -> bool:
        """Whether other studies wait for what one more trial would take."""
        most = self.may_have()
        return most is not None and len(self.live) >= most

    def on_report(self, trial_id: str, report: Report) -> bool:
        """Pass a report on; True stops the task."""
        self.reports[trial_id] = report
        task = self.live[trial_id]
        if report.epoch > self.furthest.get(task.name, 0):
            # Progress: nodes may come and go for as long as there is some.
            self.furthest[task.name] = report.epoch
            self.losses.pop(task.name, None)
        return self.stopping_on_error(lambda: self.source.report(task, report), otherwise=True)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        task = self.live.pop(trial_id, None)
        report = self.reports.pop(trial_id, None)
        if result is not None and "report" in result:
            report = result["report"]
        if task is None or (
            self.stopping.is_set() and not (report and report.outcome != "running")
        ):
            return  # an interrupted task has not ended: the next driver goes on with it
        loss = self.losses[task.name] if error else None
        if loss is None:
            self.stopping_on_error(lambda: self.source.finish(task, report, None), otherwise=None)
        elif loss.times <= WORKER_DEATHS:
            self.again.append(task)
        elif full_node_of(loss.reason):
            sentence = (
                f"{task.name} found no room wherever it was tried, at last {loss.reason}; make "
                f"room, then `symray resume {task.study}` goes on with it"
            )
            self.give_up(UserError(sentence))
        else:
            reason = f"lost its worker {loss.times} times, at last by: {loss.reason}"
            self.stopping_on_error(lambda: self.source.finish(task, report, reason), otherwise=None)

    def stopping_on_error(self, call: Callable[[], T], otherwise: T) -> T:
        """Stop everything when the record can't be written: Tune itself would log it and go on."""
        try:
            return call()
        except Exception as error:
            self.give_up(error)
            return otherwise

    def give_up(self, error: Exception) -> None:
        """Stop everything; what has not ended stays so."""
        self.failure = self.failure or error
        self.stopping.set()

    def worker_lost(self, trial: Trial) -> None:
        """Keep why a task's worker was lost, before its trial of Tune's ends with an error."""
        task = self.live[trial.trial_id]
        text = Path(trial.error_file or os.devnull).read_text().strip()
        first = "".join(text.splitlines()[-1:]).split(". ")[0]  # Ray's guesses follow
        reason = textwrap.shorten(first, 200, placeholder=" ...") or "an unknown reason"
        before = self.losses.get(task.name)
        self.losses[task.name] = _Loss(before.times + 1 if before else 1, reason)
        self.stopping_on_error(lambda: self.on_loss(task, reason), otherwise=None)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the record is elsewhere."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the record is elsewhere."""


class _Scheduler(_Unsaved, FIFOScheduler):
    """Passes reports on and stops what the source says."""

    def __init__(self, searcher: _Searcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.searcher = searcher

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        self.searcher.worker_lost(trial)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        # A worker that is kept for this study's next trial would hold what another one waits for,
        # and one that has lost its GPU would fail it.
        kept = result["reusable"] and not self.searcher.has_its_share()
        tune_controller._reuse_actors = kept

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        stop = self.searcher.on_report(trial.trial_id, result["report"])
        return TrialScheduler.STOP if stop else TrialScheduler.CONTINUE


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
        resources: what each task takes.
        concurrency: most tasks at a time. For None as many as fit; on a cluster one more, so that
            one that can grow does, and when other studies are there an equal share.
        stopping: set from anywhere to stop: live tasks write a checkpoint and stay unfinished.
        on_step: called at every turn of Tune's loop, several times a second.
        on_loss: called with the task of a worker that was lost, and why.
        trainable: what runs a task; its results hold a :class:`Report` under ``report`` and, under
            ``reusable``, whether its worker can take another one.
        drivers: that the study has had, this one included.
        say: is told where Ray is started otherwise than the environment wants it.

    Raises:
        UserError: a task takes more than this machine has.
        OSError: the record could not be written; live tasks stay unfinished.
    """
    check_resources(resources, say)
    on_cluster = bool(os.environ.get("RAY_ADDRESS"))
    most = concurrency or (None if on_cluster else as_many_as_fit(resources))
    sharing = Sharing() if on_cluster else None

    def may_have() -> int | None:
        return sharing.most(as_many_as_fit(resources)) if sharing and most is None else None

    searcher = _Searcher(source, stopping, may_have, on_loss, drivers)

    class _Steps(_Unsaved, tune.Callback):
        def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
            searcher.stopping_on_error(on_step, otherwise=None)

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
    if searcher.failure is not None:
        raise searcher.failure


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
