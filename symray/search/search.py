"""The search: Optuna decides what to try next, and its storage records what came of it."""

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.task_folder import newest_metrics
from symray.record.trials import FrozenTrial, TrialState
from symray.search.pretraining import checkpoints_to_begin_with
from symray.search.progress import Progress
from symray.search.samplers import distributions, grid, make_pruner, make_sampler
from symray.study_file import StudyFile
from symray.tasks.task import Report, Task, derive_seed
from symray.training.spec import TrialSpec

SLOW_SAMPLERS = {"gp"}
"""Samplers that think for seconds, off Tune's loop."""


class Search:
    """The source of the search's trials.

    After a restart it first hands out the trials that are RUNNING in the record, with the same
    numbers and parameters, then asks for new ones; finished trials are not touched.

    Args:
        record: the study; the caller holds its lease.
        tags: what every trial is tagged with (fingerprints, commit, data).
        progress: is told what happens.
        changed: called with a trial's name whenever its record has changed.
        out_of_time: whether the time limit is reached; no trial starts after that.
    """

    def __init__(
        self,
        record: StudyRecord,
        tags: dict[str, str],
        progress: Progress,
        changed: Callable[[str], None],
        out_of_time: Callable[[], bool],
    ) -> None:
        self.record = record
        self.file: StudyFile = record.file
        self.tags = tags
        self.progress = progress
        self.changed = changed
        self.out_of_time = out_of_time
        self._stopped: dict[int, str] = {}
        self._metrics: dict[int, dict[str, float]] = {}
        self._space = distributions(self.file)
        self._pruner = make_pruner(self.file)
        self._prunes = self.file.pruner.name != "none"
        self._thinking: Future[Trial] | None = None
        self._thinker = ThreadPoolExecutor(1) if self.file.sampler.name in SLOW_SAMPLERS else None
        self._live: set[int] = set()
        self.apply_requests()

    @property
    def exhausted(self) -> bool:
        """Whether the budget of trials or time is used up."""
        if self._thinking or self._unfinished():
            return False
        return self.out_of_time() or self._asked() >= self.record.budget

    def next(self) -> Task | None:
        """The next trial as a task: an unfinished one first, else what the sampler suggests."""
        if self._thinking:
            if not self._thinking.done():
                return None
            trial, self._thinking = self._thinking.result(), None
            return self._hand_out(trial)
        if unfinished := self._unfinished():
            return self._hand_out(self._ask(unfinished[0]))
        if self.exhausted:
            return None
        if self._thinker:
            self._thinking = self._thinker.submit(self._ask)
            return None
        return self._hand_out(self._ask())

    def report(self, task: Task, report: Report) -> bool:
        """Tell the pruner of an epoch; True when it, or somebody, stops the trial."""
        number = task.number
        self.progress.on_epoch(task, report)
        self._keep_metrics(task, report)
        self.changed(task.name)
        if number in self._to_stop:
            self._stopped[number] = "stopped by hand"
        elif self._should_prune(number, report):
            self._stopped[number] = f"pruned in epoch {report.epoch}"
        return number in self._stopped

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Tell Optuna how the trial ended, once."""
        number = task.number
        trial = Trial(self.record.optuna, self._id(number))
        if report is not None:
            self._keep_metrics(task, report)
        metrics = self._metrics.pop(number, {})
        values = report.values if report else {}
        objectives = [values.get(name, math.nan) for name in self.file.objectives]
        reason = error or (report.reason if report else None)
        state = TrialState.COMPLETE
        if number in self._stopped:
            state, reason = TrialState.PRUNED, self._stopped.pop(number)
        elif reason is None and not all(map(math.isfinite, objectives)):
            state, reason = TrialState.FAIL, "an objective is not finite"
        elif reason is not None:
            state = TrialState.FAIL
        if report is not None:
            self._should_prune(number, report)  # Tune hides a last report from its scheduler
            trial.set_user_attr("epochs", report.epoch)
        if reason is not None:
            trial.set_user_attr("reason", reason)
        if state != TrialState.FAIL:
            for constraint in self.file.constraints:
                violation = constraint.violation(metrics.get(constraint.metric))
                trial.set_constraint(str(constraint), violation)
        trial.set_user_attr("metrics", metrics)
        self.record.optuna.tell(
            trial,
            values=objectives if state == TrialState.COMPLETE else None,
            state=state,
        )
        self._live.discard(number)
        self.progress.on_task_end(task, report, state.name, reason)
        self.changed(task.name)

    def _keep_metrics(self, task: Task, report: Report) -> None:
        """Remember the newest value of each metric: not every epoch is evaluated."""
        if task.number not in self._metrics:
            self._metrics[task.number] = newest_metrics(Path(task.folder))
        evaluated = {k: v for k, v in report.values.items() if k in METRICS}
        self._metrics[task.number] |= evaluated

    def _unfinished(self) -> list[int]:
        """Trials that nobody works on: the last driver's, or one whose asking was in doubt."""
        running = (trial.number for trial in self.record.trials(TrialState.RUNNING))
        return [number for number in running if number not in self._live]

    def _asked(self) -> int:
        return sum(t.state != TrialState.WAITING for t in self.record.trials())

    def _id(self, number: int) -> int:
        return self.record.trials()[number]._trial_id

    def _ask(self, number: int | None = None) -> Trial:
        """A new trial, or an unfinished one whose suggestion may have been cut off by a kill.

        The sampler is seeded by the trial's number: a suggestion cut off is made again the same.
        """
        if number is None:
            self._enqueue_first()
            waiting = self.record.trials(TrialState.WAITING)
            number = waiting[0].number if waiting else len(self.record.trials())
            study = self._study(number)
            trial = study.ask()
        else:
            study = self._study(number)
            trial = Trial(study, self._id(number))
        for name, distribution in self._space.items():
            _suggest(trial, name, distribution)
        return trial

    def _study(self, number: int) -> optuna.Study:
        study = self.record.optuna
        study.sampler = make_sampler(self.file, derive_seed(self.file.seed, "sampler", number))
        study.pruner = self._pruner
        return study

    def _enqueue_first(self) -> None:
        """Put before the sampler's own suggestions what the file wants tried: trial 0, a grid."""
        trials = self.record.trials()
        if any(trial.state == TrialState.WAITING for trial in trials):
            return
        reference = self.file.reference_params()
        if not trials and reference:
            self.record.optuna.enqueue_trial(reference, user_attrs={"reference": True})
        elif self.file.sampler.name == "grid":
            tried = [dict(trial.params) for trial in trials]
            point = next((point for point in grid(self.file) if point not in tried), None)
            if point is not None:
                self.record.optuna.enqueue_trial(point)

    def apply_requests(self) -> None:
        """Do what somebody asked for meanwhile: retry failed trials, stop running ones."""
        self._to_stop = {e["number"] for e in self.record.events("stop") if "number" in e}
        wanted = [n for event in self.record.events("retry") for n in event["numbers"]]
        for trial in self.record.trials():
            if trial.user_attrs.get("retry_of") in wanted:
                wanted.remove(trial.user_attrs["retry_of"])
        for number in wanted:
            attrs = {"retry_of": number}
            self.record.optuna.enqueue_trial(self.record.trial(number).params, user_attrs=attrs)

    def _hand_out(self, trial: Trial) -> Task:
        number = trial.number
        self._live.add(number)
        task = self._task(self.record.trial(number))
        task.save()
        self.progress.on_task_start(task)
        self.changed(task.name)
        return task

    def _task(self, trial: FrozenTrial) -> Task:
        file = self.file
        original = trial.user_attrs.get("retry_of", trial.number)
        settings = file.settings(trial.params)
        folder = self.record.trial_folder(trial.number)
        begun = (folder / "task.json").exists()  # by an earlier driver, perhaps with more of a GPU
        spec = TrialSpec(
            model=file.model,
            data=file.data_spec(),
            settings=settings,
            seed=derive_seed(file.seed, "trial", original),
            code=None if file.code is None else str(file.code),
            begins_with=checkpoints_to_begin_with(file, settings),
        )
        return Task(
            study=file.study,
            name=f"trial-{trial.number:04d}",
            kind="trial",
            number=trial.number,
            folder=str(folder),
            spec=spec.to_json(),
            metrics=tuple(sorted(file.metric_names())),
            repeats=file.repeats,
            # A pruned trial gets no chance to write what it has not yet recorded.
            checkpoint_every=0.0 if self._prunes else file.checkpoints.every,
            threads=file.threads,
            sample_after=file.sample_after,
            gpu=Task.load(folder).gpu if begun else None,
            tags=self.tags,
        )

    def _should_prune(self, number: int, report: Report) -> bool:
        """Report the pruning metric of an epoch, and whether the pruner ends the trial here."""
        if not self._prunes:
            return False
        metric = self.file.pruner.metric
        assert metric is not None
        value = report.values.get(metric, math.nan)
        if not math.isfinite(value):
            return False
        study_direction = next(iter(self.file.objectives.values()))
        sign = 1 if METRICS[metric].direction == study_direction else -1
        trial = Trial(self._study(number), self._id(number))
        if report.epoch not in trial._cached_frozen_trial.intermediate_values:
            trial.report(sign * value, report.epoch)
        is_reference = trial.user_attrs.get("reference", False)
        past_warmup = report.epoch > self.file.pruner.warmup_epochs
        return past_warmup and not is_reference and trial.should_prune()


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> None:
    match distribution:
        case FloatDistribution(low=low, high=high, log=log, step=step):
            trial.suggest_float(name, low, high, log=log, step=step)
        case IntDistribution(low=low, high=high, log=log, step=step):
            trial.suggest_int(name, low, high, log=log, step=step)
        case CategoricalDistribution(choices=choices):
            trial.suggest_categorical(name, choices)
