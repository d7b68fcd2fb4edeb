"""The driver: search, confirm, choose, register; without state of its own.

Everything it knows it reads from the record, so a driver that was killed is replaced by starting
another one.
"""

import shutil
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from symray.data import load_data
from symray.errors import UserError
from symray.record import jsonl
from symray.record.fingerprints import code_of, trial_tags
from symray.record.home import make_study_folder
from symray.record.lease import Checked
from symray.record.object_store.copies import newest_checkpoint_of
from symray.record.storage import mend, take_lease
from symray.record.studies import find_study
from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.record.task_folder import LOSSES, drivers_of
from symray.record.trials import ENDED, TrialState
from symray.report.task_figures import draw_figures
from symray.scheduling.cluster.attached import as_many_as_fit, refuse_what_never_fits
from symray.scheduling.tuning import run_tasks
from symray.search.champion import build_champion
from symray.search.confirmation import Confirmation, choose
from symray.search.leaderboard import candidate_of, leaderboard, nothing_feasible, rank
from symray.search.pretraining import PretrainFirst
from symray.search.progress import Progress
from symray.search.search import Search
from symray.search.task_source import Fenced, InTurn, MoreMemory
from symray.study.disk_space import see_room
from symray.study.mirror import Mirror
from symray.study_file import StudyFile
from symray.tasks.task import Task
from symray.tracking.client import refuse_taken_experiment
from symray.tracking.projector import Projector, reconcile

POLL = 1.0
"""Seconds between two looks at what others asked for."""

HOPELESS = 5
"""So many failed trials at the start, and nothing else, end a study."""


def launch(file: StudyFile, progress: Progress, stopping: threading.Event) -> StudyRecord:
    """Start a new study and run it until it is complete or ``stopping`` is set.

    Raises:
        UserError: the name is taken, the data or the machine won't do, or the first trials all
            fail.
    """
    StudyRecord.refuse_taken(file.study)
    # Before there is a study: once there is one, it can't be launched again from a mended file.
    load_data(file.data_spec())
    refuse_what_never_fits(file.resources)
    folder = make_study_folder(file.study)
    see_room(file, file.concurrency or as_many_as_fit(file.resources), progress)
    refuse_taken_experiment(file.study, identity(folder))
    with take_lease(folder, progress.message) as lease:
        mirror = Mirror.make(folder, lease, progress)
        with mirror or nullcontext():
            record = StudyRecord.create(file, lease)
            source = str(file.code) if file.code else None
            record.add_event("launch", code=code_of(record.file), code_source=source)
            Driver(record, mirror or lease, progress, stopping, mirror).run()
    return record


def resume(
    name: str,
    progress: Progress,
    stopping: threading.Event,
    accept_code_change: bool = False,
    take_over: bool = False,
) -> StudyRecord:
    """Continue study ``name`` until it is complete or ``stopping`` is set.

    Args:
        name: the study's.
        progress: hears of what happens.
        stopping: stops it.
        accept_code_change: go on although the code has changed.
        take_over: from another driver, which then writes nothing more.

    Raises:
        UserError: no such study; another driver runs it and isn't taken over; or its code has
            changed since and that is not accepted.
    """
    folder = find_study(name)
    with take_lease(folder, progress.message, take_over) as lease:
        mirror = Mirror.make(folder, lease, progress, take_over)
        with mirror or nullcontext():
            mend(folder)
            record = StudyRecord(folder, lease)
            code = record.check_code(accept_code_change)
            for mended in _reconcile(record):
                progress.message(mended)
            record.add_event("resume", code=code)
            Driver(record, mirror or lease, progress, stopping, mirror).run()
    return record


def _reconcile(record: StudyRecord) -> list[str]:
    """Before a resume: what of the last driver's work MLflow doesn't have yet."""
    try:
        return reconcile(record)
    except UserError as error:
        return [str(error)]


class Driver:
    """Runs one study.

    Args:
        record: the study's.
        lease: seen to hold before anything is written.
        progress: hears of what happens.
        stopping: stops it.
        mirror: keeps the study's store equal; None where its folder is the only one.

    Raises:
        LeaseLostError: another driver has taken the study; nothing was written since.
    """

    def __init__(
        self,
        record: StudyRecord,
        lease: Checked,
        progress: Progress,
        stopping: threading.Event,
        mirror: Mirror | None = None,
    ) -> None:
        self.record = record
        self.lease = lease
        self.mirror = mirror
        self.file = record.file
        self.progress = progress
        self.stopping = stopping
        self.began = time.time()
        self.spent_before = record.searched_seconds()
        self.projector = Projector(record, lease, progress)
        self.confirmation: Confirmation | None = None
        self._drivers = drivers_of(record.events())
        self._searching_since: float | None = None
        self._looked = 0.0
        self._has_worked = False
        self._swept: set[int] = set()
        self._looked_at = 0
        self._changed = mirror.mark if mirror else self.projector.changed
        if mirror:
            mirror.heard = self.projector.changed

    def run(self) -> None:
        """Do what is left to do."""
        if self.mirror:
            self.mirror.exchange_inputs(self.file)
        self.projector.start()
        try:
            while not self.stopping.is_set() and not self.record.complete:
                self._run_once()
        except Exception:
            self.lease.check()  # one that was replaced may fail of anything, for that reason
            raise
        finally:
            if self.mirror:
                self.mirror.catch_up()
            self.projector.close(self.record.complete, self.stopping)

    def _run_once(self) -> None:
        tags = trial_tags(self.file)
        stages = PretrainFirst(
            self.file,
            InTurn([lambda: self._make_search(tags), self._make_confirmation]),
            self.progress,
            self._changed,
        )
        try:
            if not stages.exhausted:
                growing = MoreMemory(stages, self.file.resources, self.progress.message)
                source = Fenced(growing, self.lease)
                run_tasks(
                    source,
                    self.file.resources,
                    self.file.concurrency,
                    self.stopping,
                    self._on_step,
                    self._on_loss,
                    drivers=self._drivers,
                )
        finally:
            stages.close()
        self.lease.check()
        self._refuse_hopeless()
        if self.stopping.is_set():
            return
        self._conclude()
        self.lease.check()
        self.search.heed_events()
        if self.search.exhausted:  # else somebody extended it meanwhile
            self.record.add_event("finish")

    def _make_search(self, tags: dict[str, str]) -> Search:
        self.search = Search(
            self.record,
            tags,
            self.progress,
            self._changed,
            self._out_of_time,
        )
        if not self.search.exhausted:
            self.progress.searching(len(self.record.trials(*ENDED)), self.record.budget)
        return self.search

    def _make_confirmation(self) -> Confirmation | None:
        self._keep_best_checkpoints(anew=True)
        sentence = nothing_feasible(self.record, leaderboard(self.record))
        if sentence:
            self.progress.message(f"{sentence}; no model is registered")
        if sentence or not self.file.confirmation.top or self._hopeless():
            return None
        self.confirmation = Confirmation(self.record, self.progress, self._changed)
        self.progress.confirming(self.confirmation.done, len(self.confirmation.tasks))
        return self.confirmation

    def _conclude(self) -> None:
        """Choose, draw and write down; each step leaves alone what an earlier run has done."""
        best = [c for c in leaderboard(self.record) if c.feasible]
        if not best:
            return
        if self.mirror:
            self.mirror.settle()
        self.progress.message("drawing figures, evaluating the winner on the test split")
        if self.confirmation is None:
            self._crown(self.record.trial_folder(best[0].number), None)
        else:
            result = choose(self.record, self.confirmation.tasks)
            if result["winner"] is None:
                self.progress.message(
                    "no confirmed setting keeps the constraints in the mean over its seeds; "
                    "no model is registered"
                )
            else:
                folder = self.record.folder / "confirmation" / result["champion"]
                self._crown(folder, result)
        for candidate in best[: max(1, self.file.confirmation.top)]:
            folder = self.record.trial_folder(candidate.number)
            if newest_checkpoint_of(folder) is not None:
                draw_figures(Task.load(folder))

    def _crown(self, folder: Path, confirmation: dict[str, Any] | None) -> None:
        task = Task.load(folder)
        draw_figures(task)
        build_champion(self.record, task, confirmation)

    def _on_step(self) -> None:
        """Look at what others asked for, now and then."""
        self._searching_since = self._searching_since or time.monotonic()
        if self._hopeless():
            self.stopping.set()
        if time.monotonic() - self._looked < POLL:
            return
        self._looked = time.monotonic()
        self.lease.check()
        stops = [e for e in self.record.events("stop") if "number" not in e]
        if any(e["time"] > self.began for e in stops):
            self.stopping.set()
        self.search.heed_events()
        self._keep_best_checkpoints()

    def _on_loss(self, task: Task, reason: str) -> None:
        self.lease.check()
        event = {"event": "worker lost", "time": time.time(), "reason": reason}
        jsonl.append(Path(task.folder) / LOSSES, [event])
        self.progress.message(
            f"{task.name} lost its worker ({reason}) and goes on from its last checkpoint"
        )

    def _refuse_hopeless(self) -> None:
        if reason := self._hopeless():
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

    def _hopeless(self) -> str | None:
        """The reason of the last failure, when everything so far has failed."""
        if self._has_worked:
            return None
        ended = self.record.trials(*ENDED)
        self._has_worked = any(trial.state != TrialState.FAIL for trial in ended)
        if len(ended) < HOPELESS or self._has_worked:
            return None
        return str(ended[-1].user_attrs.get("reason"))

    def _keep_best_checkpoints(self, anew: bool = False) -> None:
        """Checkpoints of trials that have ended go, but for those of the best.

        Only trials that have ended since the last time and the best of then are compared: what was
        worse than so many others stays so. ``anew`` looks at all of them, for a worker that was
        stopped may have written one after its trial's end.
        """
        ended = self.record.trials(*ENDED)
        if anew:
            self._swept.clear()
        elif len(ended) == self._looked_at:
            return
        self._looked_at = len(ended)
        left = [trial for trial in ended if trial.number not in self._swept]
        complete = [trial for trial in left if trial.state == TrialState.COMPLETE]
        ranked = rank(self.file, (candidate_of(self.file, trial) for trial in complete))
        kept = {c.number for c in ranked[: self.file.checkpoints.keep]}
        for number in {trial.number for trial in left} - kept:
            folder = self.record.trial_folder(number) / "checkpoints"
            shutil.rmtree(folder, ignore_errors=True)
            if self.mirror:
                self.mirror.discard(number)
            self._swept.add(number)
