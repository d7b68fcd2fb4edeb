"""Rows that can't be used: which, why, and when they are too many."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from symray.data.reading.files import LONGEST
from symray.data.reading.tables import Refusal
from symray.errors import shortened

EXAMPLES = 3
_MOST = 290  # characters of a sentence


class BadLine(NamedTuple):
    """A row of a file that was left out.

    Attributes:
        line: of the file, from 1.
        kind: the same words for all rows with the same fault.
        sentence: with the line, what stands there and what is wrong with it.
    """

    line: int
    kind: str
    sentence: str

    @classmethod
    def of(cls, line: int, what: str, refusal: Refusal) -> "BadLine":
        """The row ``what`` in ``line``."""
        return cls(line, refusal.kind, f"line {line}: {what} {refusal.reason}")


def kinds_of(bad: Sequence[BadLine]) -> dict[str, int]:
    """How many rows have which fault, the commonest first."""
    return dict(Counter(one.kind for one in bad).most_common())


def too_many(source: str, bad: Sequence[BadLine], rows: int, most: float | None = None) -> str:
    """A sentence of rows that are more than the share ``most``, or all: why, with examples."""
    kinds = list(kinds_of(bad).items())
    where = shortened(source, LONGEST // 2)
    if len(bad) == rows:
        text = f"{where}: none of {rows} rows can be used"
    else:
        text = f"{where}: {len(bad)} of {rows} rows can't be used"
    if most is not None and len(bad) < rows:
        text += f", above bad_rows_most {most:g}"
    text += f": {kinds[0][1]} {shortened(kinds[0][0])}"
    for one in bad[:EXAMPLES]:
        example = f"; {shortened(one.sentence, 80)}"
        if len(text) + len(example) <= _MOST:
            text += example
    return text
