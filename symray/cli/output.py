"""Words out: where they go, how numbers look, strict JSON."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from symray.insight.phrases import duration as duration

LEADERS = 5
"""Rows of a leaderboard on the terminal."""

_WIDEST = 2000
_KRASKOV = ("mi_z0_y", "mi_z0_y_sampled", "mi_z0_y_k20", "mi_z0_y_paper")
_NUMERIC = set("0123456789-<#")


def out() -> Console:
    """Results go to stdout. A console is made anew, because tests and pipes replace the stream."""
    return Console(highlight=False, markup=False, soft_wrap=True)


def err() -> Console:
    """Progress, notes and errors go to stderr."""
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def strict(value: Any) -> Any:
    """``value`` as strict JSON has it: what is not a finite number becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    print(json.dumps(strict(value), indent=2, allow_nan=False))


def number(value: Any) -> str:
    """Four digits of a number, other things as they are, a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def metric(name: str, metrics: Mapping[str, float | None]) -> str:
    """A metric in a table.

    A Kraskov figure within what shuffled Y gives as well (mean + 2 sd, estimated with k = 3, whose
    spread is the widest) says no more than that.
    """
    value = metrics.get(name)
    mean, sd = metrics.get("mi_z0_y_floor"), metrics.get("mi_z0_y_floor_sd")
    floored = name in _KRASKOV and None not in (value, mean, sd)
    if floored and value <= mean + 2 * sd:  # type: ignore[operator]
        return "<= floor"
    return number(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: numbers to the right, words to the left."""
    cells = [list(row) for row in rows]
    made = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        numeric = any(row[index][:1] in _NUMERIC for row in cells if row[index])
        made.add_column(name, no_wrap=True, justify="right" if numeric else "left")
    for row in cells:
        made.add_row(*map(Text, row))
    return made


def show(made: Table, title: str = "") -> None:
    """Print a table as wide as it is, so that a pipe or a narrow terminal loses no column."""
    if title:
        out().print(title, style="bold")
    Console(highlight=False, markup=False, width=_WIDEST).print(made)
