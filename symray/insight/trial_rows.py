"""The trials of a study as rows that can be selected and sorted."""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from symray.errors import UserError, nearest
from symray.insight.status import trial_status
from symray.insight.trial_filter import parse_where
from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.trials import FrozenTrial, TrialState
from symray.search.leaderboard import candidate, metrics_of
from symray.tasks.task import Task
from symray.training.evaluation import metric_names

Row = dict[str, Any]

FIXED = ("number", "state", "epochs", "feasible", "reason", "code")
"""Columns that every study's trials have, besides its parameters and metrics."""


def trial_rows(record: StudyRecord) -> list[Row]:
    """Every trial as :func:`symray.insight.status.trial_status` has it, with three things more.

    ``feasible``: completed, and within the constraints. ``reason``: why it ended early, or None.
    ``code``: fingerprint of the code that trained it; None before it was handed to a worker.
    """
    return [_row(record, trial) for trial in record.trials()]


def select_rows(record: StudyRecord, where: str | None, sort: str | None) -> list[Row]:
    """The rows of trials that ``where`` is true of, all for None, by column ``sort``.

    Raises:
        UserError: no such column, or the expression can't be read.
    """
    known, rows = columns(record), trial_rows(record)
    if where is not None:
        condition = parse_where(where, known)
        rows = [row for row in rows if condition(partial(value, row))]
    return rows if sort is None else sort_rows(rows, sort, known)


def flat_rows(record: StudyRecord, rows: Sequence[Row]) -> tuple[list[str], list[list[Any]]]:
    """``rows`` as a table: names of columns, and what stands in them, None for nothing."""
    params = list(record.file.search)
    metrics = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    fixed = [*FIXED, "mlflow_run_id"]
    table = [
        [row[name] for name in fixed]
        + [row["params"].get(name) for name in params]
        + [row["metrics"].get(name) for name in metrics]
        for row in rows
    ]
    return [*fixed, *params, *metrics], table


def _row(record: StudyRecord, trial: FrozenTrial) -> Row:
    folder = record.trial_folder(trial.number)
    tags = Task.load(folder).tags if (folder / "task.json").exists() else {}
    judged = candidate(record.file, trial.number, trial.params, metrics_of(trial))
    return trial_status(record, trial) | {
        "feasible": trial.state == TrialState.COMPLETE and judged.feasible,
        "reason": trial.user_attrs.get("reason"),
        "code": tags.get("symray.code"),
    }


def columns(record: StudyRecord) -> list[str]:
    """Every name that an expression or a sort may use."""
    own = metric_names(record.file.design())
    return [*FIXED, *record.file.search, *METRICS.among(own)]


def value(row: Row, name: str) -> Any:
    """What stands in column ``name``; None where the trial has nothing there."""
    if name in FIXED:
        return row[name]
    return row["params"].get(name, row["metrics"].get(name))


def sort_rows(rows: Iterable[Row], name: str, known: Iterable[str]) -> list[Row]:
    """``rows`` by column ``name``: the best metric first, else ascending; empty ones last.

    Raises:
        UserError: no such column.
    """
    if name not in known:
        raise UserError(f"there is no column '{name}' to sort by{nearest(name, known)}")
    sign = -1 if name in METRICS and METRICS[name].direction == "maximize" else 1

    def key(row: Row) -> tuple[bool, Any]:
        found = value(row, name)
        if found is None or (isinstance(found, float) and math.isnan(found)):
            return (True, 0)
        return (False, sign * found if isinstance(found, float) else found)

    return sorted(rows, key=key)
