"""Points that lie in a folder of the cache: memory-mapped, each in a split by its content."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.base import Batch, DataSet
from symray.data.splits import permuted_passes, whole_batches

PARTS: Mapping[str, int] = {"train": 0, "validation": 1, "test": 2}
"""Of ``parts.npy``."""


class StoredSet(DataSet):
    """A data set over ``stored.npy`` (N, bytes) and ``parts.npy`` (N,) in ``folder``.

    All trials of a machine share the memory of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._stored = np.load(folder / "stored.npy", mmap_mode="r")
        self._part_of = parts = np.load(folder / "parts.npy")
        self._rows = {name: np.flatnonzero(parts == part) for name, part in PARTS.items()}

    def passes(self, batch_size: int) -> int:
        """Whole batches of the training points.

        Raises:
            UserError: there is not even one.
        """
        return whole_batches(len(self._rows["train"]), batch_size)

    def epoch(self, batch_size: int, steps: int, generator: torch.Generator) -> Batch:
        """Permutations of the training points, each without its last partial batch."""
        rows = self._rows["train"]
        drawn = rows[permuted_passes(len(rows), batch_size, steps, generator).numpy()]
        x, y = self._read(drawn)
        return Batch(x.view(steps, batch_size, -1), y.view(steps, batch_size, self.y_dims))

    @abstractmethod
    def _read(self, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        """X as stored, (n, bytes), and Y as networks see it, (n, dy)."""
