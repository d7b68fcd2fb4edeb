"""Where words go that are no results, and how tables look in a terminal."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_NUMERIC = set("0123456789-<#")


def err() -> Console:
    """Progress, notes and errors go to stderr as it is now, whatever a training prints to later."""
    return Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)


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
