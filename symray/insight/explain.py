"""A trial's story, from the record alone: what was asked, what happened, why it ended."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symray.insight.health import OF_TRIALS, Finding, health
from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, newest_metrics, run_id, task_events
from symray.record.trials import FrozenTrial, TrialState
from symray.search.leaderboard import metrics_of
from symray.tasks.task import Task
from symray.tracking.links import run_link, server


@dataclass(frozen=True)
class Judgement:
    """A constraint and how a trial's metric stands to it; ``value`` None: it has none."""

    constraint: str
    value: float | None
    violation: float

    @property
    def kept(self) -> bool:
        """Whether it is kept."""
        return self.violation <= 0


@dataclass(frozen=True)
class Explanation:
    """What ``symray explain`` tells of a trial.

    Attributes:
        study: the study's name.
        number: the trial.
        state: Optuna's.
        why: why it ended, or how far it is.
        findings: what looks wrong with the study and has to do with this trial, the worst first.
        params: what was asked.
        asked_by: the sampler, the study file, or the trial that it repeats.
        asked_at: seconds since the epoch; None while it waits.
        seconds: from being asked to its end; None before.
        events: starts, failures and lost workers in order, with time, host, process, device and
            epoch as far as each has them.
        rungs: by epoch, what the pruner was told of ``pruned_on``.
        pruned_on: the pruning metric; negated in the rungs where its direction isn't the study's.
        judgements: constraint by constraint; empty before the trial has metrics.
        metrics: of the catalogue, as the record has them.
        terms: by loss term, its last finite value and the epoch of it.
        tags: fingerprints, version, commit, data, preset.
        mlflow_run_id: its run, once it has one.
        mlflow_link: the run's page, where a server shows it.
        repeat: the command that trains it again.
    """

    study: str
    number: int
    state: str
    why: str
    findings: Sequence[Finding]
    params: Mapping[str, Any]
    asked_by: str
    asked_at: float | None
    seconds: float | None
    events: Sequence[Mapping[str, Any]]
    rungs: Mapping[int, float]
    pruned_on: str | None
    judgements: Sequence[Judgement]
    metrics: Mapping[str, float]
    terms: Mapping[str, tuple[float, int]]
    tags: Mapping[str, str]
    mlflow_run_id: str | None
    mlflow_link: str | None
    repeat: str


def explain(record: StudyRecord, number: int) -> Explanation:
    """The story of trial ``number``.

    Raises:
        UserError: the study has no such trial.
    """
    trial, folder = record.trial(number), record.trial_folder(number)
    lines, run, base = metric_lines(folder), run_id(folder), server()
    metrics = metrics_of(trial) or newest_metrics(folder)
    return Explanation(
        study=record.name,
        number=number,
        state=trial.state.name,
        why=_why(record, trial, lines),
        findings=[f for f in health(record, checks=OF_TRIALS) if number in f.trials],
        params=dict(trial.params),
        asked_by=_asked_by(record, trial),
        asked_at=trial.datetime_start.timestamp() if trial.datetime_start else None,
        seconds=trial.duration.total_seconds() if trial.duration else None,
        events=task_events(folder),
        rungs=dict(sorted(trial.intermediate_values.items())),
        pruned_on=record.file.pruner.metric,
        judgements=_judgements(record, metrics) if metrics else [],
        metrics=metrics,
        terms=_last_terms(lines),
        tags=Task.load(folder).tags if (folder / "task.json").exists() else {},
        mlflow_run_id=run,
        mlflow_link=run_link(base, run) if base and run else None,
        repeat=f"symray rerun {record.name} {number}",
    )


def _why(record: StudyRecord, trial: FrozenTrial, lines: Sequence[Mapping[str, Any]]) -> str:
    epochs = lines[-1]["epoch"] if lines else 0
    match trial.state:
        case TrialState.COMPLETE:
            return f"trained all its {trial.user_attrs.get('epochs', epochs)} epochs"
        case TrialState.PRUNED | TrialState.FAIL:
            return str(trial.user_attrs.get("reason", "no reason was recorded"))
        case TrialState.WAITING:
            return "has not been started"
        case _ if record.state() == "running":
            return f"is being trained; recorded up to epoch {epochs}"
        case _:
            return (
                f"was interrupted after epoch {epochs}; `symray resume {record.name}` goes on "
                "with it"
            )


def _asked_by(record: StudyRecord, trial: FrozenTrial) -> str:
    if "retry_of" in trial.user_attrs:
        return f"a retry of trial {trial.user_attrs['retry_of']}"
    if trial.user_attrs.get("reference"):
        own = isinstance(record.file.reference, dict)
        return "the study file's reference" if own else f"the reference: preset {_preset(record)}"
    return f"the {record.file.sampler.name} sampler"


def _preset(record: StudyRecord) -> str:
    known = bool(record.file.preset_values())
    return record.file.preset if known else "none, so the model's defaults"


def _judgements(record: StudyRecord, metrics: Mapping[str, float]) -> list[Judgement]:
    return [
        Judgement(str(c), metrics.get(c.metric), c.violation(metrics.get(c.metric)))
        for c in record.file.constraints
    ]


def _last_terms(lines: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, int]]:
    """By name, the last finite value of what isn't a metric, and its epoch."""
    terms: dict[str, tuple[float, int]] = {}
    for line in lines:
        for name, value in line["values"].items():
            if name not in METRICS and name.removesuffix("_sd") not in METRICS:
                terms |= {name: (value, line["epoch"])} if math.isfinite(value) else {}
    return terms
