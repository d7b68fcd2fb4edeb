"""Files of molecules: SMILES a line, or a table whose columns have names; plain or gzip."""

import math
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symray.data.reading import Refusal, open_table
from symray.errors import UserError, shortened

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


class Rows(NamedTuple):
    """What a file has of N molecules.

    Attributes:
        smiles: as written, "" for nothing and for a row that is refused.
        y: (N, targets) numbers, NaN for what isn't one.
        lines: the line of the file on which each row ends, from 1.
        refused: rows that can't be used, and why.
    """

    smiles: list[str]
    y: NDArray[np.float64]
    lines: list[int]
    refused: Mapping[int, Refusal] = MappingProxyType({})


def read_molecules(path: Path, smiles: str = "smiles", targets: Sequence[str] = ()) -> Rows:
    """The molecules of ``path``: a table by its columns' names, or a list, SMILES first.

    Which of the two it is, and how it is packed, :func:`symray.data.reading.open_table` says.

    Args:
        path: the file.
        smiles: the column of SMILES.
        targets: the columns of numbers, which only a table has.

    Raises:
        UserError: there is no such file or column, or it is no text.
    """
    texts: list[str] = []
    numbers: list[list[float]] = []
    lines: list[int] = []
    refused: dict[int, Refusal] = {}
    with open_table(path, [smiles], targets) as table:
        at, *columns = (table.header.index(name) for name in (smiles, *targets))
        for record in table.records:
            refusal = record.refusal
            cells = record.cells or [""] * len(table.header)
            values = [_number(cells[column]) for column in columns]
            if refusal is None:
                refusal = _refused(cells[at], [cells[column] for column in columns], targets)
            if refusal is not None:
                refused[len(texts)] = refusal
            texts.append(cells[at])
            numbers.append(values)
            lines.append(record.line)
    return Rows(texts, np.array(numbers).reshape(len(texts), len(targets)), lines, refused)


def read_xyz_archive(path: Path, properties: Sequence[int] = ()) -> Rows:
    """The molecules of QM9's ``.xyz.tar.bz2``, in the order of the files' names.

    A file holds the number of atoms, a line that ends with 15 properties, the atoms, the
    frequencies, and the SMILES of GDB-17 and of the relaxed geometry (Ramakrishnan et al. 2014,
    Table 2), of which the first is taken.

    Args:
        path: the archive.
        properties: which of the 15 are wanted: A, B, C, mu, alpha, homo, lumo, gap, ...

    Raises:
        UserError: it isn't such an archive.
    """
    found: list[tuple[str, str, list[float]]] = []
    try:
        with tarfile.open(path, "r|bz2") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".xyz") else None
                if file is not None:
                    lines = file.read().decode("ascii").splitlines()
                    numbers = lines[1].split()[-15:]
                    smiles = lines[int(lines[0]) + 3].split()[0]
                    found.append((member.name, smiles, [_number(numbers[i]) for i in properties]))
    except (OSError, tarfile.TarError, ValueError, IndexError, EOFError) as error:
        raise UserError(f"{path} is not an archive of QM9's xyz files: {error}") from error
    found.sort()
    y = np.array([numbers for _, _, numbers in found]).reshape(len(found), len(properties))
    return Rows([smiles for _, smiles, _ in found], y, list(range(1, len(found) + 1)))


def _refused(smiles: str, cells: Sequence[str], targets: Sequence[str]) -> Refusal | None:
    if not all(33 <= ord(character) < 127 for character in smiles):
        # RDKit reads up to a zero or a blank and leaves the rest
        return Refusal("are no SMILES", f"{shortened(repr(smiles))} is no SMILES")
    for cell, name in zip(cells, targets, strict=True):
        if math.isnan(_number(cell)):
            has = f"has '{shortened(cell, 30)}' for {shortened(name, 30)}, which is no number"
            reason = has if cell else f"has nothing for {shortened(name, 30)}"
            return Refusal(f"have no number for {shortened(name, 30)}", reason + _hint(cell))
    return None


def _number(text: str) -> float:
    """The number in a cell; NaN for what isn't one to everybody: 1_000, 1,5, 5 %, nan, inf."""
    plain = text.replace("*^", "e")  # as QM9's files have it
    number = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return number if math.isfinite(number) else math.nan


def _hint(cell: str) -> str:
    if re.fullmatch(r"[-+]?\d+,\d+", cell):
        return " (write a decimal point)"
    return " (write it without the percent sign)" if cell.endswith("%") else ""
