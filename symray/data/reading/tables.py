"""Tables of text: which character parts the cells, and which rows are none."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from symray.data.reading.files import LONGEST
from symray.data.reading.text import open_text
from symray.errors import UserError, nearest, shortened

DELIMITERS = (",", "\t", ";", "|")
_TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_LISTS = (".smi", ".smiles", ".ism", ".can")


class Refusal(NamedTuple):
    """Why a row can't be used.

    Attributes:
        kind: the same words for all rows with the same fault; "ROWS rows KIND" is a sentence.
        reason: of this row; it follows on the row's line.
    """

    kind: str
    reason: str


class Record(NamedTuple):
    """A row.

    Attributes:
        line: of the file, from 1, on which it ends.
        cells: as many as the header has; none where it is refused.
        refusal: what is wrong with it.
    """

    line: int
    cells: list[str]
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Table:
    """A table whose columns have names.

    Attributes:
        header: the names.
        records: every row that isn't empty; to be read once.
    """

    header: list[str]
    records: Iterable[Record]


def layout_of(path: Path) -> str:
    """What the name of a file says of its layout: ``,``, a tab, ``list``, or nothing.

    With the content, the columns and this, a file is read in one way only.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    return _TABLES.get(suffix, "list" if suffix in _LISTS else "")


@contextmanager
def open_table(path: Path, wanted: Sequence[str], more: Sequence[str] = ()) -> Iterator[Table]:
    r"""A table by its columns' names, or a list of which only the first word of a line counts.

    A header parts its cells by ``,``, a tab, ``;`` or ``|``: by what the file's name says if that
    gives the columns, else by the one that does. A ``.smi`` file without such a header is a list,
    and so is a file of another name whose first line has neither ``,`` nor ``;``; its one column
    has the name ``wanted[0]``, which may stand above it.

    Args:
        path: the file.
        wanted: names of columns, the first of which a list has.
        more: further ones, which make a list an error.

    Raises:
        UserError: there is no such file or column, it stands twice, or it is no text.
    """
    names = [*wanted, *more]
    with open_text(path) as file:
        lines = _Lines(file)
        first = next((line for line in lines if line.strip()), "").rstrip("\r\n")
        delimiter = _delimiter(layout_of(path), first, names)
        if delimiter is None and not more:
            yield Table([wanted[0]], _listed(first, lines, wanted[0]))
            return
        if delimiter is None and layout_of(path) == "list":
            raise UserError(
                f"{shortened(path, LONGEST)} is a list without columns, so it has no "
                f"'{shortened(more[0])}'; give a table whose header names its columns, such as .csv"
            )
        header = _cells(first, delimiter or max(DELIMITERS, key=first.count))
        for name in names:
            if name not in header:
                raise UserError(
                    f"{shortened(path, LONGEST)} has no column '{shortened(name)}'"
                    f"{nearest(name, filter(None, header))}"
                )
            if header.count(name) > 1:
                raise UserError(
                    f"{shortened(path, LONGEST)} has two columns '{shortened(name)}'; rename one"
                )
        places = [header.index(name) for name in names]
        yield Table(header, _records(lines, delimiter or ",", len(header), places))


class _Lines:
    """Lines of a file, of which those since the last :meth:`taken` are kept."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.number = 0
        self._kept: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.number += 1
        self._kept.append(line)
        return line

    def taken(self) -> list[str]:
        kept, self._kept = self._kept, []
        return kept


def _delimiter(layout: str, first: str, names: Sequence[str]) -> str | None:
    """What parts the cells of a table, or None for a list."""
    for one in dict.fromkeys((*filter(lambda d: d == layout, DELIMITERS), *DELIMITERS)):
        cells = _cells(first, one)
        if len(cells) > 1 and all(name in cells for name in names):
            return one
    if layout in DELIMITERS:
        # one column, or none of those that are wanted: then the error shows the likeliest header
        most = max(DELIMITERS, key=first.count)
        return most if first.count(most) else layout
    if layout == "list" or not any(one in first for one in ",;"):
        return None
    return max(",;", key=first.count)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # larger than any header
        return [line]


def _listed(first: str, lines: _Lines, name: str) -> Iterator[Record]:
    words = first.split(maxsplit=1)
    headed = bool(words) and words[0].casefold() in (name.casefold(), "smiles")
    for number, line in enumerate(_again(lines.taken(), lines), 1):
        if not (headed and line.strip()):
            yield Record(number, [line.split(maxsplit=1)[0] if line.strip() else ""])
        headed = headed and not line.strip()


def _again(before: list[str], after: Iterable[str]) -> Iterator[str]:
    yield from before
    yield from after


def _records(lines: _Lines, delimiter: str, width: int, places: Sequence[int]) -> Iterator[Record]:
    lines.taken()
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell that grew over all bounds
            row = []
        physical = lines.taken()
        last = lines.number
        if len(physical) > 1 and _swallowed(physical, row, delimiter, width, places):
            first = last - len(physical) + 1
            reason = f"belongs to a quoted cell from line {first} to {last}; remove the stray quote"
            for line in range(first, last + 1):
                yield Record(line, [], Refusal("lie between stray quotes", reason))
        elif len(row) == width:
            yield Record(last, [cell.strip() for cell in row])
        elif any(cell.strip() for cell in row):
            reason = f"has {len(row)} cells where the header has {width}"
            kind = "have another number of cells than the header"
            yield Record(last, [], Refusal(kind, reason))


def _swallowed(
    physical: Sequence[str], row: Sequence[str], delimiter: str, width: int, places: Sequence[int]
) -> bool:
    """Whether a row over several lines is one by mistake: a stray quote has taken lines in.

    A line break inside of a wanted cell is none that anybody meant, and where each line by itself
    has as many cells as the header, each of them is a row.
    """
    if len(row) != width or any(
        "\n" in row[at].strip() or "\r" in row[at].strip() for at in places
    ):
        return True
    return width > 1 and all(line.count(delimiter) == width - 1 for line in physical)
