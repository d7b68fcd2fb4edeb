"""What the metrics take: the mean codes of a finite set of images, and the factors of each."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.metrics.points import Floats, Points, as_points

Classes = NDArray[np.int64]
Factors = NDArray[np.integer] | Tensor
Rows = NDArray[np.intp]


def as_encoded(codes: Points, factors: Factors) -> tuple[Floats, Classes]:
    """``codes`` (N, d) in float64 and ``factors`` (N, f) as classes 0, 1, ... of each column.

    Classes that don't occur are left out, so that a subset of a grid is as good as the grid.

    Raises:
        ValueError: shapes that don't match, no latent, no factor, a factor that isn't whole
            numbers or takes one value only, or codes that are not finite.
    """
    points = as_points(codes, "codes")
    values = factors.detach().cpu().numpy() if isinstance(factors, Tensor) else np.asarray(factors)
    if values.ndim != 2 or len(values) != len(points) or not values.shape[1]:
        raise ValueError(
            f"factors have the shape {values.shape}; expected ({len(points)}, f), a row for each"
            " code and at least one factor"
        )
    if not points.shape[1]:
        raise ValueError("codes have no latents")
    if values.dtype.kind not in "biu":
        raise ValueError(f"factors are {values.dtype}; expected the integer class of each factor")
    columns = [_from_zero(column) for column in values.T]
    for number, column in enumerate(columns):
        if not column.any():
            raise ValueError(f"factor {number} takes one value only; leave it out")
    return points, np.stack(columns, axis=1)


def _from_zero(column: NDArray[np.integer]) -> Classes:
    """The rank of each value among the column's distinct values."""
    column = column.astype(np.int64)
    if column.min() < 0 or column.max() >= len(column):
        return np.asarray(np.unique(column, return_inverse=True)[1].astype(np.int64))
    # small numbers need no sort, which a full grid's half a second would go into
    occurs = np.bincount(column) > 0
    return np.asarray((np.cumsum(occurs) - 1)[column])


def draw_rows(n: int, sizes: tuple[int, ...], seed: int) -> list[Rows]:
    """Disjoint parts of the n rows, of ``sizes``, without replacement.

    Where the rows are too few for that, all are taken and shared out in the proportion of the
    sizes: no row is tested on that was trained on.

    Raises:
        ValueError: a part would be empty.
    """
    order = np.random.default_rng(seed).permutation(n)
    share = min(1.0, n / sum(sizes))
    parts = [int(size * share) for size in sizes]
    if min(parts) < 1:
        raise ValueError(f"{n} codes are too few for samples of {sizes}")
    return np.split(order[: sum(parts)], np.cumsum(parts)[:-1])


class FactorGroups:
    """Draws rows of a finite set that share the value of one factor, on any device.

    Random numbers come from the CPU, so that the rows depend on the seed and not on the device.
    """

    def __init__(self, factors: Classes, seed: int, device: torch.device | str) -> None:
        self.factors = torch.from_numpy(factors).to(device)
        self._generator = torch.Generator().manual_seed(seed)
        # NumPy sorts 16 bits by radix, a hundred times as fast as anybody sorts 64
        narrow = factors.astype(np.uint16 if factors.max() < 2**16 else np.int64)
        order = np.stack(
            [np.argsort(column, kind="stable") for column in np.ascontiguousarray(narrow.T)]
        )
        self._order = torch.from_numpy(order).to(device)
        counts = [torch.bincount(column) for column in self.factors.T]
        self._counts = torch.nn.utils.rnn.pad_sequence(counts, batch_first=True)  # (f, classes)
        self._starts = self._counts.cumsum(1) - self._counts

    def which(self, shape: tuple[int, ...]) -> Tensor:
        """Factors drawn uniformly, of ``shape``."""
        return self._integers(self.factors.shape[1], shape)

    def any_rows(self, shape: tuple[int, ...]) -> Tensor:
        """Rows drawn uniformly, of ``shape``."""
        return self._integers(len(self.factors), shape)

    def rows_like(self, rows: Tensor, factor: Tensor) -> Tensor:
        """For each of ``rows`` (...) a row that has the same value of ``factor`` (...).

        Drawn uniformly from those, with replacement: on a full grid all other factors are then
        independent and uniform.
        """
        value = self.factors[rows, factor]
        counts = self._counts[factor, value]
        uniform = torch.rand(rows.shape, generator=self._generator, dtype=torch.float64)
        place = (uniform.to(rows.device) * counts).long()
        return self._order[factor, self._starts[factor, value] + place]

    def _integers(self, high: int, shape: tuple[int, ...]) -> Tensor:
        drawn = torch.randint(high, shape, generator=self._generator)
        return drawn.to(self.factors.device)
