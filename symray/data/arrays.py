"""A user's own numbers: two arrays of an ``.npz`` file, split by the content of each row."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symray.data.base import VECTORS, Batch, DataSet, Split, SplitName
from symray.data.npz import Rows, read_arrays
from symray.data.splits import permuted_passes, row_digests, whole_batches
from symray.data.units import Affine, Units
from symray.errors import UserError, nearest

SPEC_KEYS = ("npz", "x", "y")
LEAST_HELD_OUT = 40  # probes train on half of it, mutual information looks at 20 neighbours


class Arrays(DataSet):
    """The arrays ``x`` (N, ...) and ``y`` (N,) or (N, dy) of the file ``npz``.

    About 80 % of the rows train, 10 % validate, 10 % test; which ones, and their order, follows
    from a hash of each row, so that neither shuffling a file nor adding rows moves a row from one
    part to another, and equal rows stay together. Networks see both sides standardised by the
    training rows. Splits are coloured by the first dimension of Y.

    Raises:
        UserError: the file or its arrays can't be used.
    """

    form = VECTORS
    name = "npz"
    steps_per_epoch = None

    def __init__(self, npz: str | Path, x: str, y: str) -> None:
        xs, ys = read_arrays(Path(npz), x, y)
        d, self.y_dims = xs.shape[1], ys.shape[1]
        self.x_shape = (d,)
        rows = np.concatenate([xs, ys], axis=1).astype("<f4") + np.float32(0)  # -0.0 is 0.0
        digests = row_digests(rows)
        order = np.argsort(digests)
        rows, tenths = rows[order], digests[order] % 10
        self.key = hashlib.sha256(f"{d} {self.y_dims} ".encode() + rows.tobytes()).hexdigest()
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
        shift, scale = _standard(parts["train"])
        self.units = Units(Affine(shift[:d], scale[:d]), Affine(shift[d:], scale[d:]))
        self._parts = {
            name: (torch.from_numpy(part) - shift) / scale for name, part in parts.items()
        }
        self._colours = {name: part[:, d] for name, part in parts.items()}

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
            raise UserError(f"data: unknown key '{key}'{nearest(str(key), SPEC_KEYS)}")
    for key in SPEC_KEYS:
        if not isinstance(spec.get(key), str | Path):
            raise UserError(f"data: '{key}' is missing; write {{npz: FILE, x: X, y: Y}}")
    return Arrays(spec["npz"], str(spec["x"]), str(spec["y"]))


def _standard(rows: Rows) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each column; a constant column keeps its scale."""
    deviation = rows.std(axis=0, dtype=np.float64)
    mean = rows.mean(axis=0, dtype=np.float64)
    deviation[deviation <= 1e-6 * np.abs(mean)] = 1  # equal up to float32's rounding
    return torch.from_numpy(mean).float(), torch.from_numpy(deviation).float()
