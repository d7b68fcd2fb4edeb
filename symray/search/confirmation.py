"""The confirmation: the best trials retrained under fresh seeds, so that luck doesn't choose."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symray.metrics import METRICS
from symray.record import forms
from symray.record.atomic import read_json, write_atomically
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line, outcome_of, write_outcome
from symray.search.leaderboard import Candidate, candidate, leaderboard, rank
from symray.search.progress import Progress
from symray.tasks.task import Report, Task, derive_seed
from symray.tasks.udr import udr_per_seed
from symray.tasks.worker import load_trained

Statistics = dict[str, dict[str, float | None]]
"""``mean`` and ``sd`` by metric; no sd for a single value."""


class Confirmation:
    """The source of the confirmation's trainings: ``top`` trials times ``seeds`` fresh seeds.

    A training that has an outcome is not repeated, after a resume or an extension either.
    """

    def __init__(
        self, record: StudyRecord, progress: Progress, changed: Callable[[str], None]
    ) -> None:
        self.record = record
        self.progress = progress
        self.changed = changed
        wanted = record.file.confirmation
        best = [c for c in leaderboard(record) if c.feasible][: wanted.top]
        self.tasks = [self._task(c.number, seed) for c in best for seed in range(wanted.seeds)]
        self._todo = [task for task in self.tasks if outcome_of(Path(task.folder)) is None]

    @property
    def done(self) -> int:
        """Trainings that have ended."""
        return sum(outcome_of(Path(task.folder)) is not None for task in self.tasks)

    @property
    def exhausted(self) -> bool:
        """Whether all trainings were handed out."""
        return not self._todo

    def next(self) -> Task | None:
        """The next training."""
        if not self._todo:
            return None
        task = self._todo.pop(0)
        task.save()
        self.progress.on_task_start(task)
        self.changed(task.name)
        return task

    def report(self, task: Task, report: Report) -> bool:
        """Pass an epoch on; a confirmation is never stopped early."""
        self.progress.on_epoch(task, report)
        self.changed(task.name)
        return False

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Record the outcome."""
        reason = error or (report.reason if report else "no report")
        state = write_outcome(Path(task.folder), reason)
        self.progress.on_task_end(task, report, state, reason)
        self.changed(task.name)

    def _task(self, number: int, index: int) -> Task:
        trial = Task.load(self.record.trial_folder(number))
        asked = sorted({*trial.metrics, *self.record.file.confirmation.metrics})
        seed = derive_seed(self.record.file.seed, "confirmation", number, index)
        return replace(
            trial,
            name=f"confirm-{number:04d}-{index}",
            kind="confirmation",
            folder=str(self.record.folder / "confirmation" / f"{number:04d}-{index}"),
            spec=trial.spec | {"seed": seed},
            metrics=tuple(name for name in asked if METRICS[name].costly),
            repeats=1,
        )


def choose(record: StudyRecord, tasks: Sequence[Task]) -> dict[str, Any]:
    """Choose the winner by its validation mean and evaluate it, and it alone, on the test split.

    Args:
        record: the study.
        tasks: the confirmation's trainings, all ended.

    Returns:
        What ``confirmation.json`` then holds: ``candidates`` with their statistics, the best
        first, and of images the UDR over the seeds of each, which needs no factors;
        ``winner``, its number or None where no candidate keeps the constraints in the mean;
        ``test``, its statistics there; ``champion``, the folder of its median seed;
        ``test_evaluations``, how many settings have ever seen the test split.
    """
    by_number: dict[int, list[Task]] = {}
    for task in tasks:
        by_number.setdefault(task.number, []).append(task)
    entries = {number: _entry(group) for number, group in by_number.items()}
    ranked = rank(
        record.file,
        (_mean_candidate(record, number, entry) for number, entry in entries.items()),
    )
    content: dict[str, Any] = {
        "candidates": [entries[c.number] | {"feasible": c.feasible} for c in ranked],
        "winner": None,
        "test": {},
        "champion": None,
    }
    if ranked and ranked[0].feasible:
        winner = ranked[0].number
        content["winner"] = winner
        content["test"] = _statistics([_test_metrics(task) for task in by_number[winner]])
        content["champion"] = _median_seed(record, by_number[winner])
    content["test_evaluations"] = len(
        {path.parent.name.split("-")[0] for path in record.folder.glob("confirmation/*/test.json")}
    )
    write_atomically(record.folder / "confirmation.json", json.dumps(content, indent=1))
    return content


def read_confirmation(record: StudyRecord) -> dict[str, Any] | None:
    """The confirmation's result, once there is one."""
    path = record.folder / "confirmation.json"
    return read_json(path, forms.confirmation) if path.exists() else None


def winner_of(confirmation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The candidate that has won a confirmation; None where none keeps the constraints."""
    number = confirmation["winner"]
    return next((c for c in confirmation["candidates"] if c["number"] == number), None)


def statistics_of(confirmation: Mapping[str, Any], number: int) -> dict[str, float]:
    """What a confirmation has found of the setting of trial ``number``, by flat names.

    Returns:
        ``validation/NAME/mean`` and ``validation/NAME/sd`` of each metric and ``validation/n``, the
        seeds; of the winner also ``test/...``. Empty where the setting is no candidate.
    """
    found: dict[str, float] = {}
    for entry in confirmation["candidates"]:
        if entry["number"] == number:
            measured = entry["validation"] | ({"udr": entry["udr"]} if "udr" in entry else {})
            found |= _flat("validation", measured, entry["n"])
            if number == confirmation["winner"]:
                found |= _flat("test", confirmation["test"], entry["n"])
    return found


def seed_metrics(folder: Path, split: str) -> dict[str, float] | None:
    """The metrics of one training of the confirmation, on ``validation`` or ``test``.

    None where it hasn't ended, has failed or, as all but the winner's, never saw the test split.
    """
    outcome = outcome_of(folder)
    if outcome is None or outcome["state"] != "COMPLETE":
        return None
    if split == "validation":
        values = last_line(folder)["values"]
        return {name: values[name] for name in METRICS.among(values)}
    path = folder / "test.json"
    return read_json(path, forms.metrics) if path.exists() else None


def _entry(tasks: Sequence[Task]) -> dict[str, Any]:
    completed = [task for task in tasks if _completed(task)]
    finals = [_final_metrics(task) for task in completed]
    agreement = _statistics([{"udr": value} for value in udr_per_seed(completed)])
    return {
        "number": tasks[0].number,
        "n": len(finals),
        "failed": len(tasks) - len(finals),
        "validation": _statistics(finals),
        **agreement,
    }


def _flat(split: str, statistics: Statistics, n: int) -> dict[str, float]:
    found = {f"{split}/n": float(n)}
    for name, values in statistics.items():
        found |= {f"{split}/{name}/{which}": v for which, v in values.items() if v is not None}
    return found


def _mean_candidate(record: StudyRecord, number: int, entry: Mapping[str, Any]) -> Candidate:
    """A setting one of whose seeds failed isn't reliable: it has no means."""
    means = (
        {}
        if entry["failed"]
        else {name: value["mean"] for name, value in entry["validation"].items()}
    )
    params = record.trial(number).params
    return candidate(record.file, number, params, means)


def _completed(task: Task) -> bool:
    outcome = outcome_of(Path(task.folder))
    return outcome is not None and outcome["state"] == "COMPLETE"


def _final_metrics(task: Task) -> dict[str, float]:
    values = last_line(Path(task.folder))["values"]
    return {name: values[name] for name in METRICS.among(values)}


def _test_metrics(task: Task) -> dict[str, float]:
    """The metrics on the test split, evaluated once and kept."""
    path = Path(task.folder) / "test.json"
    if not path.exists():
        trainer = load_trained(task)
        names = list(_final_metrics(task))
        write_atomically(path, json.dumps(trainer.evaluate("test", names), indent=1))
    content: dict[str, float] = read_json(path, forms.metrics)
    return content


def _median_seed(record: StudyRecord, tasks: Sequence[Task]) -> str:
    objective = next(iter(record.file.objectives))
    ordered = sorted(tasks, key=lambda task: _final_metrics(task)[objective])
    return Path(ordered[(len(ordered) - 1) // 2].folder).name


def _statistics(finals: Sequence[Mapping[str, float]]) -> Statistics:
    if not finals:
        return {}
    columns = {name: [final[name] for final in finals] for name in finals[0]}
    return {
        name: {
            "mean": statistics.fmean(column),
            "sd": statistics.stdev(column) if len(column) > 1 else None,
        }
        for name, column in columns.items()
    }
