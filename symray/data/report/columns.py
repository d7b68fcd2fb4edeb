"""Columns of numbers in a report: their range, their distinct values, what networks see of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symray.data.transforms import Affine
from symray.errors import shortened

ALMOST = 0.95
"""Share of rows from which on a column is one value for practical purposes."""

FEW, MANY = 100, 10_000
"""Fewer distinct values than FEW for every MANY of the file are a loss."""


@dataclass(frozen=True)
class Column:
    """A column of X or Y.

    Attributes:
        side: ``x`` or ``y``.
        name: of the column.
        low: its smallest value.
        high: its largest.
        distinct: different values in the file.
        seen: different values as networks see it, in float32.
        commonest: its most frequent value.
        share: of the rows that have that.
        mean: what is subtracted from it, the mean of the training rows.
        sd: what it is divided by, their standard deviation.
    """

    side: str
    name: str
    low: float
    high: float
    distinct: int
    seen: int
    commonest: float
    share: float
    mean: float
    sd: float

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def columns_of(
    side: str, names: Sequence[str], rows: NDArray[Any], transform: Affine
) -> Iterable[Column]:
    """The columns of ``rows`` (N, d), which networks see in ``units``."""
    shift, scale = transform.shift.numpy(), transform.scale.numpy()
    for i, (name, column) in enumerate(zip(names, rows.T, strict=True)):
        values, counts = np.unique(column, return_counts=True)
        seen = np.unique(((values.astype(np.float64) - shift[i]) / scale[i]).astype(np.float32))
        most = int(counts.argmax())
        yield Column(
            side,
            name,
            float(values[0]),
            float(values[-1]),
            len(values),
            len(seen),
            float(values[most]),
            float(counts[most] / counts.sum()),
            float(shift[i]),
            float(scale[i]),
        )


def warnings_of(columns: Sequence[Column]) -> list[str]:
    """A sentence for each thing that makes columns say less than they seem to."""
    found = []
    for column in columns:
        if column.side == "y" and column.distinct == 1:
            found.append(
                f"{column.name} is {column.low:.6g} in every row: there is nothing to learn of it"
            )
        elif column.side == "y" and column.share >= ALMOST:
            found.append(
                f"{column.name} is {column.commonest:.6g} in {column.share:.1%} of the rows: a "
                "model that says nothing else is nearly right, and invariance is nearly free"
            )
        if column.seen * MANY < FEW * column.distinct:
            found.append(
                f"{column.name} has {column.distinct} different values in the file and "
                f"{column.seen} as networks see it: single values far away squeeze the others, "
                "clip them or take a logarithm"
            )
    inputs = [column for column in columns if column.side == "x"]
    constant = [column.name for column in inputs if column.distinct == 1]
    almost = [c.name for c in inputs if c.distinct > 1 and c.share >= ALMOST]
    for names, what in (
        (constant, "one value in every row"),
        (almost, f"one value in {ALMOST:.0%} of the rows or more"),
    ):
        if names:
            found.append(
                f"{len(names)} of {len(inputs)} columns of X have {what}: "
                f"{shortened(', '.join(names))}"
            )
    return found
