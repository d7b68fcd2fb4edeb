"""The papers' table: models by metrics, each figure with what it is worth."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.report.columns import headings
from symray.report.compare import Comparison, Row, compare
from symray.report.page.estimates import Difference, Estimate, difference, estimate
from symray.search.confirmation import seed_metrics
from symray.tasks.task import Task


@dataclass(frozen=True)
class Cell:
    """A figure of a study.

    Attributes:
        value: its mean and spread.
        seeds: its values by seed; empty where there was no confirmation.
        best: whether no other study's mean is better, none that breaks a constraint counted; there
            is none among less than two studies.
        floored: a Kraskov figure that says no more than shuffled Y does.
        broken: the constraint on this metric that the mean breaks; None where it keeps them.
        to_best: this minus the best study's; None for that itself and for single values.
    """

    value: Estimate
    seeds: Mapping[int, float] = field(default_factory=dict)
    best: bool = False
    floored: bool = False
    broken: str | None = None
    to_best: Difference | None = None


@dataclass(frozen=True)
class Line:
    """A study's line: the row of the comparison, and its cells by metric."""

    row: Row
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class PaperTable:
    """The table.

    Attributes:
        headings: of its metrics.
        lines: one per study.
        comparison: what it was made of, with published figures and notes.
    """

    headings: Mapping[str, str]
    lines: Sequence[Line]
    comparison: Comparison


def paper_table(names: Sequence[str]) -> PaperTable:
    """The table of studies; a suite's name stands for all of its.

    Raises:
        UserError: no such study.
    """
    comparison = compare(names)
    had = headings(comparison)
    metrics = [name for name in had if name in METRICS]
    lines = [_line(StudyRecord.open(row.study), row, metrics) for row in comparison.rows]
    return judged({name: had[name] for name in metrics}, lines, comparison)


def judged(
    headings: Mapping[str, str], lines: Sequence[Line], comparison: Comparison
) -> PaperTable:
    """The table of ``lines`` whose cells aren't compared yet."""
    several = len(lines) > 1
    best = {n: _best(n, [line.cells for line in lines]) if several else None for n in headings}
    compared = [
        Line(line.row, {n: _judged(c, best[n], _keeps(line.cells)) for n, c in line.cells.items()})
        for line in lines
    ]
    return PaperTable(headings, compared, comparison)


def cell_of(row: Row, name: str, seeds: Mapping[int, float], broken: str | None) -> Cell:
    """The cell of a metric of ``row``, not compared with others yet."""
    figure = row.figures[name]
    value = estimate(list(seeds.values())) if seeds else Estimate(figure.mean, row.n, figure.sd)
    return Cell(value, seeds, False, row.floored(name), broken)


def _line(record: StudyRecord, row: Row, metrics: Sequence[str]) -> Line:
    seeds = _by_seed(record, row)
    cells = {}
    for name in metrics:
        if name in row.figures:
            values = {seed: found[name] for seed, found in seeds.items() if name in found}
            cell = cell_of(row, name, values, None)
            cells[name] = replace(cell, broken=_broken(record, name, cell.value))
    return Line(row, cells)


def _by_seed(record: StudyRecord, row: Row) -> dict[int, dict[str, float]]:
    """The winner's metrics on the test split by seed; nothing of what wasn't confirmed."""
    if row.split != "test" or row.number is None:
        return {}
    found = {}
    for folder in record.confirmation_folders():
        metrics = seed_metrics(folder, "test")
        if folder.name.startswith(f"{row.number:04d}-") and metrics is not None:
            found[int(Task.load(folder).spec["seed"])] = metrics
    return found


def _broken(record: StudyRecord, name: str, value: Estimate) -> str | None:
    for constraint in record.file.constraints:
        if constraint.metric == name and constraint.violation(value.mean) > 0:
            return str(constraint)
    return None


def _best(name: str, columns: Sequence[Mapping[str, Cell]]) -> Cell | None:
    sign = 1 if METRICS[name].direction == "minimize" else -1
    kept = [
        cells[name]
        for cells in columns
        if name in cells and math.isfinite(cells[name].value.mean) and _keeps(cells)
    ]
    return min(kept, key=lambda cell: sign * cell.value.mean, default=None)


def _keeps(cells: Mapping[str, Cell]) -> bool:
    """Whether a study keeps all its constraints."""
    return not any(cell.broken for cell in cells.values())


def _judged(cell: Cell, best: Cell | None, keeps: bool) -> Cell:
    is_best = best is not None and keeps and cell.value.mean == best.value.mean
    apart = None if best is None or cell is best else difference(cell.seeds, best.seeds)
    return Cell(cell.value, cell.seeds, is_best, cell.floored, cell.broken, apart)
