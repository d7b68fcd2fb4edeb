"""The driver: search, confirm, conclude; without state of its own.

Everything it knows it reads from the record, so a driver that was killed is replaced by starting
another one. Where tasks are trained and where they are shown it is handed: it knows neither Ray nor
MLflow.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from symray.driver.conclusion import conclude
from symray.driver.mirror import Mirror
from symray.driver.packing import choose_packing
from symray.driver.retention import Retention
from symray.errors import UserError
from symray.record import jsonl
from symray.record.fingerprints import trial_tags
from symray.record.lease import Lease, LeaseCheck
from symray.record.study_record import StudyRecord
from symray.record.task_folder import LOSSES
from symray.record.trials import ENDED, TrialState
from symray.search.confirmation import Confirmation
from symray.search.leaderboard import leaderboard, nothing_feasible
from symray.search.pretraining import PretrainFirst
from symray.search.progress import Progress
from symray.search.search import Search
from symray.search.task_source import Fenced, InTurn, MoreMemory, TaskSource
from symray.tasks.pack_speed import PackSpeed
from symray.tasks.task import Task
from symray.training.spec import TrialSpec

POLL = 1.0
"""Seconds between two looks at what others asked for."""

HOPELESS = 5
"""So many failed trials at the start, and nothing else, end a study."""


class Workers(Protocol):
    """Where a study's tasks are trained."""

    @property
    def count(self) -> int:
        """So many at a time."""

    @property
    def lacks(self) -> str | None:
        """What packs need and isn't there, as a clause; None: nothing."""

    def measure_packs(self, spec: TrialSpec, threads: int, most: int, gpu: float) -> PackSpeed:
        """What a pack would bring there, as :func:`symray.tasks.pack_speed.measure_packs`."""

    def run(
        self,
        source: TaskSource,
        concurrency: int | None,
        slots: int,
        stopping: threading.Event,
        on_step: Callable[[], None],
        on_loss: Callable[[Task, str], None],
    ) -> None:
        """Train all tasks of ``source``; returns when none is left or ``stopping`` is set.

        Live tasks are then stopped at a checkpoint and stay unfinished. ``on_step`` is called now
        and then, ``on_loss`` with a task whose worker has died, and why.
        """


class Tracker(Protocol):
    """Where a study is shown while it runs."""

    def start(self) -> None:
        """Begin with what the record holds."""

    def on_change(self, name: str) -> None:
        """The record of task ``name`` has changed."""

    def close(self, complete: bool, stopping: threading.Event) -> None:
        """Show the rest; of a study that is ``complete`` its end."""


class Driver:
    """Runs one study.

    Args:
        record: the study's.
        lease: seen to hold before anything is written.
        workers: train its tasks.
        tracker: shows it.
        progress: is told what happens.
        stopping: stops it.
        mirror: keeps the study's store equal; None where its folder is the only one.

    Raises:
        LeaseLostError: another driver has taken the study; nothing was written since.
    """

    def __init__(
        self,
        record: StudyRecord,
        lease: Lease,
        workers: Workers,
        tracker: Tracker,
        progress: Progress,
        stopping: threading.Event,
        mirror: Mirror | None = None,
    ) -> None:
        self.record = record
        self.lease: LeaseCheck = mirror or lease  # a mirror sees that both hold
        self.mirror = mirror
        self.file = record.file
        self.workers = workers
        self.tracker = tracker
        self.progress = progress
        self.stopping = stopping
        self.began = time.time()
        self.confirmation: Confirmation | None = None
        self._searching_since: float | None = None
        self._looked = 0.0
        self._has_worked = False
        self._on_change: Callable[[str], None] = self.tracker.on_change
        self._discard: Callable[[int], None] = lambda number: None
        if mirror:  # MLflow is shown what a worker has recorded once that is here
            mirror.on_received = self.tracker.on_change
            self._on_change, self._discard = mirror.mark, mirror.discard
        self.retention = Retention(record, self._discard)
        self.spent_before = record.searched_seconds()

    def run(self) -> None:
        """Do what is left to do."""
        if self.mirror:
            self.mirror.send_inputs(self.file)
        self.tracker.start()
        try:
            while not self.stopping.is_set() and not self.record.complete:
                self._run_once()
        except Exception:
            self.lease.check()  # one that was replaced may fail of anything, for that reason
            raise
        finally:
            if self.mirror:
                self.mirror.catch_up()
            self.tracker.close(self.record.complete, self.stopping)

    def _run_once(self) -> None:
        """Search, confirm and conclude, as far as that isn't done yet."""
        self.search = self._make_search()
        stages = PretrainFirst(
            self.file,
            InTurn([lambda: self.search, self._make_confirmation]),
            self.progress,
            self._on_change,
        )
        try:
            if not stages.exhausted:
                growing = MoreMemory(stages, self.file.resources, self.progress.message)
                self.workers.run(
                    Fenced(growing, self.lease),
                    self.file.concurrency,
                    self._slots(),
                    self.stopping,
                    self._on_step,
                    self._on_worker_lost,
                )
        finally:
            stages.close()
        self.lease.check()
        self._check_not_all_failed()
        if self.stopping.is_set():
            return
        self._conclude()
        self.lease.check()
        self.search.apply_requests()
        if self.search.exhausted:  # else somebody extended it meanwhile
            self.record.add_event("finish")

    def _slots(self) -> int:
        """Trials of a worker's pack; what has been measured once holds for the whole study."""
        if decided := self.record.events("pack"):
            return int(decided[-1]["slots"])
        workers = self.workers
        packing = choose_packing(self.file, workers.count, workers.measure_packs, workers.lacks)
        if packing.gain is not None:
            self.record.add_event("pack", slots=packing.slots, sentence=packing.sentence)
        if packing.gain is not None or packing.lacks:
            self.progress.message(packing.sentence)
        return packing.slots

    def _make_search(self) -> Search:
        tags = trial_tags(self.file)
        search = Search(self.record, tags, self.progress, self._on_change, self._out_of_time)
        if not search.exhausted:
            self.progress.on_search_start(len(self.record.trials(*ENDED)), self.record.budget)
        return search

    def _make_confirmation(self) -> Confirmation | None:
        self.retention.sweep_all()
        sentence = nothing_feasible(self.record, leaderboard(self.record))
        if sentence:
            self.progress.message(f"{sentence}; no model is registered")
        if sentence or not self.file.confirmation.top or self._all_failed():
            return None
        self.confirmation = Confirmation(self.record, self.progress, self._on_change)
        self.progress.on_confirmation_start(self.confirmation.done, len(self.confirmation.tasks))
        return self.confirmation

    def _conclude(self) -> None:
        best = [candidate for candidate in leaderboard(self.record) if candidate.feasible]
        if best:
            if self.mirror:
                self.mirror.wait_for_workers()
            conclude(self.record, best, self.confirmation, self.progress)

    def _on_step(self) -> None:
        """Look at what others asked for, now and then."""
        self._searching_since = self._searching_since or time.monotonic()
        if self._all_failed():
            self.stopping.set()
        if time.monotonic() - self._looked < POLL:
            return
        self._looked = time.monotonic()
        self.lease.check()
        stops = [e for e in self.record.events("stop") if "number" not in e]
        if any(e["time"] > self.began for e in stops):
            self.stopping.set()
        self.search.apply_requests()
        self.retention.sweep()

    def _on_worker_lost(self, task: Task, reason: str) -> None:
        self.lease.check()
        event = {"event": "worker lost", "time": time.time(), "reason": reason}
        jsonl.append(Path(task.folder) / LOSSES, [event])
        self.progress.message(
            f"{task.name} lost its worker ({reason}) and goes on from its last checkpoint"
        )

    def _check_not_all_failed(self) -> None:
        if reason := self._all_failed():
            name = self.record.name
            raise UserError(
                f"the first {HOPELESS} trials of study '{name}' all failed, the last one with: "
                f"{reason}; see `symray logs {name} 0`, put it right, then "
                f"`symray retry {name} --failed` and `symray resume {name}`"
            )

    def _out_of_time(self) -> bool:
        spent = time.monotonic() - self._searching_since if self._searching_since else 0.0
        limit = self.file.time_limit
        return limit is not None and self.spent_before + spent >= limit

    def _all_failed(self) -> str | None:
        """The reason of the last failure, when everything so far has failed."""
        if self._has_worked:
            return None
        ended = self.record.trials(*ENDED)
        self._has_worked = any(trial.state != TrialState.FAIL for trial in ended)
        first = self.record.trials()[:HOPELESS]  # of many at a time, others may do well
        if len(first) < HOPELESS or self._has_worked or any(t not in ended for t in first):
            return None
        return str(ended[-1].user_attrs.get("reason"))
