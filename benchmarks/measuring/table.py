"""A table of figures: as it is kept in JSON, as text, as Markdown."""

import numbers
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

Cell = str | int | float | None
"""Words, a figure, or nothing."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: its heading.
        unit: that follows each figure.
        form: how a figure is written, in Python's format language.
    """

    name: str
    unit: str = ""
    form: str = ""

    def text(self, cell: Cell) -> str:
        """A cell as it is read: words as they are, a figure in its form with its unit."""
        if cell is None:
            return ""
        if isinstance(cell, str):
            return cell
        return f"{cell:{self.form}} {self.unit}".rstrip()


@dataclass
class Table:
    """Figures of one kind.

    Attributes:
        title: what they are, in a sentence without its full stop.
        columns: of each row.
        rows: one cell for each column.
        run: that measured them: ``machine``, ``versions``, ``commit``, ``date`` and ``options``; or
            ``origin``, words for a run that kept no such record.
    """

    title: str
    columns: Sequence[Column]
    rows: list[list[Cell]] = field(default_factory=list)
    run: dict[str, Any] = field(default_factory=dict)

    def add(self, *cells: object) -> None:
        """Append a row; figures keep five digits."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for the {len(self.columns)} columns of a table")
        self.rows.append([_plain(cell) for cell in cells])

    def to_json(self) -> dict[str, Any]:
        """The table as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The table that :meth:`to_json` has written."""
        columns = [Column(**column) for column in kept["columns"]]
        return cls(kept["title"], columns, kept["rows"], kept["run"])

    def texts(self, row: Sequence[Cell]) -> list[str]:
        """A row as it is read."""
        return [column.text(cell) for column, cell in zip(self.columns, row, strict=True)]

    def markdown(self) -> str:
        """The table with a line below it that says what it shows and which run it is from."""
        lines = [[column.name for column in self.columns], ["---"] * len(self.columns)]
        lines += [self.texts(row) for row in self.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"{table}\n\n*{self.title}. {self._source()}.*"

    def _source(self) -> str:
        if origin := self.run.get("origin"):
            return str(origin)
        versions = self.run["versions"]
        return (
            f"{self.run['machine']}, Python {versions['python']}, torch {versions['torch']}; "
            f"{self.run['date']}, commit {self.run['commit']}"
        )


def _plain(cell: object) -> Cell:
    """NumPy's numbers as Python's."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, numbers.Integral):
        return int(cell)
    if isinstance(cell, numbers.Real):
        return float(f"{float(cell):.5g}")
    raise TypeError(f"a table holds words and figures, not {cell!r}")
