"""A user's own numbers: two arrays of an ``.npz`` file, split by the content of each row."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.base import VECTORS, Batch, DataSet, Split, SplitName
from symray.data.npz import read_arrays
from symray.data.report import Column, DataReport, columns_of
from symray.data.splits import (
    Digests,
    across,
    joined_digests,
    permuted_passes,
    row_digests,
    whole_batches,
)
from symray.data.standard import is_constant, standard
from symray.data.transforms import Affine, Transforms
from symray.errors import UserError, nearest, shortened

SPEC_KEYS = ("npz", "x", "y")
LEAST_HELD_OUT = 40  # probes train on half of it, mutual information looks at 20 neighbours


class Arrays(DataSet):
    """The arrays ``x`` (N, ...) and ``y`` (N,) or (N, dy) of the file ``npz``.

    About 80 % of the rows train, 10 % validate, 10 % test; which ones, and their order, follows
    from a hash of each row, so that neither shuffling a file nor adding rows moves a row from one
    part to another. Rows of equal X stay together, whatever their Y. Networks see both sides
    standardised by the training rows, in float64 and then cast: a column of time stamps keeps its
    digits. Splits are coloured by the first dimension of Y.

    Raises:
        UserError: the file or its arrays can't be used, or X or Y is one value throughout.
    """

    form = VECTORS
    name = "npz"
    steps_per_epoch = None

    def __init__(self, npz: str | Path, x: str, y: str) -> None:
        xs, ys = read_arrays(Path(npz), x, y)
        d, self.y_dims = xs.shape[1], ys.shape[1]
        self.x_shape = (d,)
        rows = np.concatenate([xs, ys], axis=1).astype("<f8") + 0.0  # -0.0 is 0.0
        _refuse_constant(Path(npz), rows[:, :d], x, rows[:, d:], y)
        digests = _digests(rows)
        order = np.argsort(digests, kind="stable")
        place = joined_digests(digests, row_digests(rows[:, :d]))
        rows, tenths = rows[order], place[order] % 10
        self.key = hashlib.sha256(f"2 {d} {self.y_dims} ".encode() + rows.tobytes()).hexdigest()
        parts = {
            "train": rows[tenths > 1],
            "validation": rows[tenths == 1],
            "test": rows[tenths == 0],
        }
        for part in ("validation", "test"):
            if len(parts[part]) < LEAST_HELD_OUT:
                raise UserError(
                    f"{npz}: {len(rows)} rows leave {len(parts[part])} for the {part} split, but"
                    f" at least {LEAST_HELD_OUT} are needed; give about 600 rows or more"
                )
        shift, scale = standard(parts["train"])
        affine = [
            Affine(*map(torch.from_numpy, (shift[s], scale[s]))) for s in (np.s_[:d], np.s_[d:])
        ]
        self.transforms = Transforms(*affine)
        self._parts = {
            name: torch.from_numpy(((part - shift) / scale).astype(np.float32))
            for name, part in parts.items()
        }
        self._colours = {name: part[:, d].astype(np.float32) for name, part in parts.items()}
        self._rows, self._names, self.name = parts, (x, y), str(npz)

    def passes(self, batch_size: int) -> int:
        """Whole batches of the training rows.

        Raises:
            UserError: there is not even one.
        """
        return whole_batches(len(self._parts["train"]), batch_size)

    def epoch(self, batch_size: int, steps: int, generator: torch.Generator) -> Batch:
        """Permutations of the training rows, each without its last partial batch."""
        rows = self._parts["train"]
        x, y = self._parted(rows[permuted_passes(len(rows), batch_size, steps, generator)])
        return Batch(x.reshape(steps, batch_size, -1), y.reshape(steps, batch_size, -1))

    def split(self, name: SplitName) -> Split:
        """The rows of ``name``."""
        return Split(*self._parted(self._parts[name]), self._colours[name])

    def report(self) -> DataReport:
        """Every column, and which rows have their X in common."""
        (d,) = self.x_shape
        rows = np.concatenate(list(self._rows.values()))
        part = np.repeat(np.arange(len(self._rows)), [len(r) for r in self._rows.values()])
        of_x, of_row = row_digests(rows[:, :d]), row_digests(rows)
        kinds = len(np.unique(of_x))
        sides = zip("xy", self._names, (rows[:, :d], rows[:, d:]), strict=True)
        transform = {"x": self.transforms.x, "y": self.transforms.y}
        columns: list[Column] = []
        for side, key, values in sides:
            names = [f"{key}{i + 1}" for i in range(values.shape[1])]
            affine = transform[side]
            assert isinstance(affine, Affine)
            columns += columns_of(side, names, values, affine)
        return DataReport(
            self.name,
            f"{d} numbers, each standardised by the training rows",
            len(rows),
            len(rows),
            {name: len(part) for name, part in self._rows.items()},
            tuple(columns),
            repeats={
                "rows that stand there twice or more": len(rows) - len(np.unique(of_row)),
                "rows with the X of another and another Y": len(np.unique(of_row)) - kinds,
            },
            across_splits=across(of_x, part),
        )

    def _parted(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """X and Y of rows."""
        (d,) = self.x_shape
        return rows[:, :d], rows[:, d:]


def arrays_from_spec(spec: Mapping[str, Any]) -> Arrays:
    """The data set of a study file's ``{npz: FILE, x: X, y: Y}``.

    Raises:
        UserError: a key is unknown or missing, or the file can't be used.
    """
    for key in spec:
        if key not in SPEC_KEYS:
            raise UserError(f"data: unknown key '{shortened(key)}'{nearest(str(key), SPEC_KEYS)}")
    for key in SPEC_KEYS:
        if not isinstance(spec.get(key), str | Path):
            raise UserError(f"data: '{key}' is missing; write {{npz: FILE, x: X, y: Y}}")
    return Arrays(spec["npz"], str(spec["x"]), str(spec["y"]))


def _digests(rows: NDArray[np.float64]) -> Digests:
    """A hash of each row as float32, which is what tells rows apart but for a few.

    Rows that only float64 tells apart have one of that, so that time stamps aren't all one row.
    """
    digests = row_digests(rows.astype("<f4")).copy()
    _, first, which, counts = np.unique(
        digests, return_index=True, return_inverse=True, return_counts=True
    )
    shared = np.flatnonzero(counts[which] > 1)
    differing = (rows[shared] != rows[first[which[shared]]]).any(axis=1)
    groups = np.isin(which, which[shared[differing]])
    digests[groups] = row_digests(rows[groups])
    return digests


def _refuse_constant(
    path: Path, xs: NDArray[np.float64], x: str, ys: NDArray[np.float64], y: str
) -> None:
    for key, columns in ((y, ys), (x, xs)):
        if is_constant(columns).all():
            raise UserError(
                f"{path}: every row of '{key}' is the same, {shortened(columns[0].tolist())}, so a "
                "model would be invariant to it and have learned nothing; give data that vary"
            )
