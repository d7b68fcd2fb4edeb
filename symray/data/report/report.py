"""The report itself, and its plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symray.data.report.columns import Column, warnings_of


@dataclass(frozen=True)
class DataReport:
    """What was read of a data set.

    Attributes:
        name: of the data set or its file.
        x: what X is, in words.
        rows: of the file; None where data are drawn without an end.
        used: those that are used.
        splits: how many points train, validate and test; training of endless data is left out.
        columns: of X where it is numbers, and of Y.
        bad: how many rows are left out for which reason, the commonest first.
        examples: sentences of some of them, with their line.
        repeats: how many points are like others, by in what; all of a kind are in one split.
        across_splits: kinds of points that stand in more than one split.
        notes: what else was done to the data.
    """

    name: str
    x: str
    rows: int | None
    used: int | None
    splits: Mapping[str, int]
    columns: tuple[Column, ...] = ()
    bad: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    repeats: Mapping[str, int] = field(default_factory=dict)
    across_splits: int = 0
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before believing any result, a sentence each."""
        return warnings_of(self.columns)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "x": self.x,
            "rows": self.rows,
            "used": self.used,
            "splits": dict(self.splits),
            "columns": [column.to_json() for column in self.columns],
            "bad_rows": dict(self.bad),
            "bad_examples": list(self.examples),
            "repeats": dict(self.repeats),
            "across_splits": self.across_splits,
            "notes": list(self.notes),
            "warnings": self.warnings,
        }
