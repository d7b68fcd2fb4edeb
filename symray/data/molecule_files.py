"""Files of molecules: SMILES a line, or a table whose columns have names; plain or gzip."""

import csv
import gzip
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symray.errors import UserError, nearest


class Rows(NamedTuple):
    """What a file has of N molecules.

    Attributes:
        smiles: as written, "" for nothing.
        y: (N, targets) numbers, NaN for what isn't one.
        lines: the line of the file on which each row ends, from 1.
    """

    smiles: list[str]
    y: NDArray[np.float64]
    lines: list[int]


def read_molecules(path: Path, smiles: str = "smiles", targets: Sequence[str] = ()) -> Rows:
    """The molecules of ``path``: a table by its columns' names, or ``.smi``, SMILES first.

    Args:
        path: ``.csv``, ``.smi`` or ``.txt``, with ``.gz`` or without.
        smiles: the column of SMILES, of a table.
        targets: the columns of numbers; a file without columns has none.

    Raises:
        UserError: there is no such file or column, or it isn't such a file.
    """
    try:
        with open_text(path) as file:
            if not path.name.removesuffix(".gz").endswith(".csv"):
                found = [line.split(maxsplit=1)[0] if line.strip() else "" for line in file]
                return Rows(found, np.empty((len(found), 0)), list(range(1, len(found) + 1)))
            return _table(path, file, smiles, targets)
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} can't be read: {reason}") from error


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """``path`` for reading, unpacked if its name ends in ``.gz``."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as packed:
            yield packed
    else:
        with path.open(encoding="utf-8-sig", newline="") as plain:
            yield plain


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


def _table(path: Path, file: IO[str], smiles: str, targets: Sequence[str]) -> Rows:
    reader = csv.reader(file)
    header = [name.strip() for name in next(reader, [])]
    for name in (smiles, *targets):
        if name not in header:
            raise UserError(f"{path} has no column '{name}'{nearest(name, header)}")
    at, columns = header.index(smiles), [header.index(name) for name in targets]
    texts, numbers, lines = [], [], []
    for row in reader:
        if row:
            cells = row + [""] * (len(header) - len(row))
            texts.append(cells[at].strip())
            numbers.append([_number(cells[column]) for column in columns])
            lines.append(reader.line_num)
    y = np.array(numbers, np.float64).reshape(len(texts), len(targets))
    return Rows(texts, y, lines)


def _number(text: str) -> float:
    try:
        return float(text.replace("*^", "e"))  # as QM9's files have it
    except ValueError:
        return float("nan")
