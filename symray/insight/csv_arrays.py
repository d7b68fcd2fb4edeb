"""Arrays out of a .csv file, and a sentence for all that can be wrong."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symray.errors import UserError, nearest


def read_csv(path: Path, widths: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    """Arrays from the columns of a .csv file.

    Args:
        path: the file. With a header its columns are found by their names ``x1``, ``x2``, ...,
            ``y1``, ...; without one they stand in that order and there are no others.
        widths: columns of each array, by its name.

    Returns:
        The arrays (N, width) by name.

    Raises:
        UserError: a column is missing, or the first line with something that isn't a finite number.
    """
    wanted = [f"{name}{i + 1}" for name, width in widths.items() for i in range(width)]
    try:
        lines = _lines(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: this is not a .csv file of text") from error
    if not lines:
        raise UserError(f"{path}: there are no rows")
    first = [cell.strip() for cell in lines[0][1]]
    headed = not any(map(_is_number, first))
    places = _places(path, first, wanted) if headed else list(range(len(wanted)))
    cells = len(first) if headed else len(wanted)
    rows = [_numbers(path, at, row, cells, places, wanted) for at, row in lines[headed:]]
    if not rows:
        raise UserError(f"{path}: there are no rows below the header")
    values = np.array(rows, dtype=np.float64)
    ends = np.cumsum(list(widths.values()))[:-1]
    return dict(zip(widths, np.hsplit(values, ends), strict=True))


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Lines that aren't empty, with their numbers from 1."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _places(path: Path, header: Sequence[str], wanted: Sequence[str]) -> list[int]:
    for name in wanted:
        if name not in header:
            raise UserError(f"{path}: there is no column '{name}'{nearest(name, header)}")
    return [header.index(name) for name in wanted]


def _numbers(
    path: Path,
    line: int,
    row: Sequence[str],
    cells: int,
    places: Sequence[int],
    wanted: Sequence[str],
) -> list[float]:
    if len(row) != cells:
        raise UserError(
            f"{path}: line {line} has {len(row)} columns, not {cells} ({', '.join(wanted)})"
        )
    numbers = []
    for place, name in zip(places, wanted, strict=True):
        cell = row[place].strip()
        if not _is_number(cell) or not math.isfinite(float(cell)):
            raise UserError(f"{path}: line {line} has '{cell}' for {name}, not a finite number")
        numbers.append(float(cell))
    return numbers
