"""Grids of generative factors: which image stands at which index of a full factorial design."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Classes = NDArray[np.int64]


@dataclass(frozen=True)
class FactorGrid:
    """All combinations of factors that take ``sizes`` values each; the last factor varies fastest.

    Attributes:
        names: of the factors.
        sizes: how many values each takes.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.sizes)

    def classes(self, index: ArrayLike) -> Classes:
        """The value of each factor, (..., f), at the positions ``index`` (...) of the grid.

        Raises:
            ValueError: an index is outside the grid.
        """
        return np.stack(np.unravel_index(np.asarray(index), self.sizes), axis=-1)

    def index(self, classes: ArrayLike) -> Classes:
        """The inverse of :meth:`classes`: positions (...) of ``classes`` (..., f).

        Raises:
            ValueError: a class is outside its factor's size, or f isn't the number of factors.
        """
        columns = np.moveaxis(np.asarray(classes), -1, 0)
        if len(columns) != len(self.sizes):
            raise ValueError(f"{len(columns)} factors; the grid has {len(self.sizes)}")
        # wider than a file's uint8, which would overflow
        return np.asarray(np.ravel_multi_index(tuple(columns.astype(np.int64)), self.sizes))

    def every(self, steps: Sequence[int]) -> Classes:
        """Ascending positions of the sub-grid that takes every ``steps[i]``-th value of factor i.

        Raises:
            ValueError: not one step of at least 1 for each factor.
        """
        if len(steps) != len(self.sizes) or min(steps) < 1:
            raise ValueError(f"steps {tuple(steps)}; give one of at least 1 for each factor")
        taken = [np.arange(0, size, step) for size, step in zip(self.sizes, steps, strict=True)]
        return np.asarray(np.ravel_multi_index(np.ix_(*taken), self.sizes)).ravel()


SPRITE_SIDE = 64  # pixels

# dSprites (Matthey et al. 2017) without its colour, which is always white.
DSPRITES = FactorGrid(("shape", "scale", "orientation", "x", "y"), (3, 6, 40, 32, 32))
