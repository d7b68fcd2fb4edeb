"""What was read of a data set, on the terminal."""

from typing import TYPE_CHECKING

from symray.cli.output import number, out, show, table

if TYPE_CHECKING:
    from symray.data import DataReport
    from symray.data.report import Column

SHOWN = 20
"""Columns in a table; JSON has all."""


def show_report(report: "DataReport") -> None:
    """Print a report: rows, splits, what repeats, columns, and what a reader should know first."""
    console = out()
    console.print(f"data: {report.name}")
    console.print(f"  X: {report.x}")
    if report.rows is not None:
        console.print(f"  rows: {report.rows} read, {report.used} used")
    for kind, count in report.bad.items():
        console.print(f"  left out: {count} {kind}")
    for sentence in report.examples:
        console.print(f"    {sentence}")
    sizes = ", ".join(f"{name} {size}" for name, size in report.splits.items())
    console.print(f"  splits: {sizes}")
    for what, count in report.repeats.items():
        console.print(f"  {what}: {count}")
    if report.repeats:
        console.print(f"  kinds that stand in more than one split: {report.across_splits}")
    for note in report.notes:
        console.print(f"  {note}")
    if report.columns:
        _show_columns(report)
    for warning in report.warnings:
        console.print(f"warning: {warning}")


def _show_columns(report: "DataReport") -> None:
    names = ("column", "of", "low", "high", "distinct", "as networks see it", "mean", "sd")
    rows = [
        [
            column.name,
            column.side.upper(),
            *_range(column),
            str(column.distinct),
            str(column.seen),
            number(column.mean),
            number(column.sd),
        ]
        for column in _first(report)
    ]
    show(table(names, rows))
    if (hidden := len(report.columns) - len(rows)) > 0:
        out().print(f"and {hidden} more columns, which --json has")


def _range(column: "Column") -> tuple[str, str]:
    """Its ends, with as many digits as tell them apart: those of time stamps begin alike."""
    low, high = number(column.low), number(column.high)
    if low == high and column.low < column.high:
        return f"{column.low:.12g}", f"{column.high:.12g}"
    return low, high


def _first(report: "DataReport") -> list["Column"]:
    """Some of X and some of Y."""
    sides = [[c for c in report.columns if c.side == side] for side in "xy"]
    return [*sides[0][: SHOWN - min(len(sides[1]), SHOWN // 2)], *sides[1][: SHOWN // 2]]
