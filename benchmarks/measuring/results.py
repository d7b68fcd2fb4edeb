"""What a benchmark has found: printed as it comes, kept as JSON beside that of the others."""

import json
import re
from pathlib import Path
from typing import Any

from measuring.table import Column, Table

Benchmarks = dict[str, dict[str, Any]]
"""Of each benchmark its tables, by their names, as JSON has them."""


class PrintedTable(Table):
    """A table that is printed as it grows."""

    def add(self, *cells: object) -> None:
        """Append a row and print it."""
        super().add(*cells)
        if len(self.rows) == 1:
            print(f"\n{self.title}\n{self._aligned([column.name for column in self.columns])}")
        print(self._aligned(self.texts(self.rows[-1])), flush=True)

    def _aligned(self, texts: list[str]) -> str:
        widths = [max(12, len(column.name)) for column in self.columns]
        first, *others = (f"{text:<{w}}" for text, w in zip(texts, widths, strict=True))
        return "  ".join([f"{first:<24}", *others]).rstrip()


class Results:
    """The tables of one run of a benchmark.

    Args:
        benchmark: the name of its file, without its ending.
        run: where and with what it measures, as :class:`Table` has it.
    """

    def __init__(self, benchmark: str, run: dict[str, Any]) -> None:
        self.benchmark = benchmark
        self.run = run
        self._tables: dict[str, Table] = {}

    def table(self, name: str, title: str, *columns: Column) -> Table:
        """A new table; its rows are printed as they are added."""
        self._tables[name] = table = PrintedTable(title, columns, run=self.run)
        return table

    def save(self, path: Path) -> None:
        """Write the tables into a file, among those that it holds, over those of the same names."""
        benchmarks = read(path) if path.exists() else {}
        tables = benchmarks.setdefault(self.benchmark, {})
        tables |= {name: table.to_json() for name, table in self._tables.items() if table.rows}
        path.write_text(write(benchmarks))


def read(path: Path) -> Benchmarks:
    """The benchmarks that a file holds."""
    benchmarks: Benchmarks = json.loads(path.read_text())
    return benchmarks


def write(benchmarks: Benchmarks) -> str:
    """Benchmarks as JSON whose innermost lists and objects are a line each, as rows are read."""
    text = json.dumps(dict(sorted(benchmarks.items())), indent=2, ensure_ascii=False)
    innermost = r"([\[{])\n\s+([^\[\]{}]*?)\n\s+([\]}])"
    return re.sub(innermost, lambda m: m[1] + re.sub(r"\n\s+", " ", m[2]) + m[3], text) + "\n"
