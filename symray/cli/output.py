"""Words out: where results go, strict JSON."""

import json
import math
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from symray.api.terminal import err as err
from symray.api.terminal import table as table
from symray.insight.phrases import duration as duration
from symray.insight.phrases import metric as metric
from symray.insight.phrases import number as number

LEADERS = 5
"""Rows of a leaderboard on the terminal."""

_WIDEST = 2000


def out() -> Console:
    """Results go to stdout. A console is made anew, because tests and pipes replace the stream."""
    return Console(highlight=False, markup=False, soft_wrap=True)


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


def show(made: Table, title: str = "") -> None:
    """Print a table as wide as it is, so that a pipe or a narrow terminal loses no column."""
    if title:
        out().print(title, style="bold")
    Console(highlight=False, markup=False, width=_WIDEST).print(made)
