"""Reconstructed strings against what they should be."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from symray.chem import Codec, canonical_batch


class Strings:
    """Indices ``x`` (N, L) and their reconstructions ``x_hat`` (N, L), both of ``codec``."""

    def __init__(self, codec: Codec, x: NDArray[np.uint8], x_hat: NDArray[np.uint8]) -> None:
        self._codec, self._x, self._x_hat = codec, x, x_hat

    @cached_property
    def accuracy(self) -> float:
        """Share of all symbols that stand in their places; padding doesn't count as a symbol."""
        symbols = self._x != self._codec.padding
        return float((self._x == self._x_hat)[symbols].mean())

    @cached_property
    def exact(self) -> float:
        """Share of strings without any difference, padding included."""
        return float(self._same.mean())

    @cached_property
    def valid(self) -> float:
        """Share of reconstructions that RDKit reads."""
        return float(np.mean([one is not None for one in self._rebuilt]))

    @cached_property
    def canonical(self) -> float:
        """Share of reconstructions that are the same molecule, stereo chemistry included.

        ``exact`` compares codes: DeepSMILES may write one molecule in several ways.
        """
        same = self._same.copy()
        wrong = np.flatnonzero(~same)
        meant = canonical_batch(self._codec.decode_batch(self._x[wrong])).smiles
        for row, one in zip(wrong, meant, strict=True):
            same[row] = one is not None and one == self._rebuilt[row]
        return float(same.mean())

    @cached_property
    def _same(self) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = (self._x == self._x_hat).all(axis=1)
        return same

    @cached_property
    def _rebuilt(self) -> list[str | None]:
        """Canonical SMILES of the reconstructions, None for those that are no molecules."""
        return canonical_batch(self._codec.decode_batch(self._x_hat)).smiles
