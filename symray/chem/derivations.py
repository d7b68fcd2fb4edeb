"""Derivations of the SMILES grammar that grow a rule at a time: masks for step-wise decoders."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symray.chem import _grammar_decode as machine


class Derivations:
    """N derivations side by side, each a stack of symbols.

    For decoders that see what they have chosen before they choose the next rule::

        derivations = Derivations(count, codec.length)
        for _ in range(codec.length):
            allowed = derivations.masks()              # (N, V)
            ...                                        # rules (N,), of the allowed ones
            derivations.append(rules)

    After ``length`` rules every derivation is complete. Nothing here depends on torch.

    Args:
        count: N.
        length: positions of each.

    Raises:
        ValueError: the shortest molecule doesn't fit.
    """

    def __init__(self, count: int, length: int) -> None:
        if length < machine.SHORTEST:
            raise ValueError(f"length is {length}; give {machine.SHORTEST} or more")
        self.length = length
        self.position = 0
        self._stacks = np.empty((count, 2 * length + 2), np.int64)
        self._states = np.empty((count, 2), np.int64)
        machine.begin_all(self._stacks, self._states)

    @property
    def complete(self) -> NDArray[np.bool_]:
        """(N,) whether all that is left of a derivation is padding."""
        complete: NDArray[np.bool_] = self._states[:, 0] == 0
        return complete

    def masks(self) -> NDArray[np.bool_]:
        """(N, V) which rules may come next; at least one for each derivation.

        Raises:
            ValueError: the derivations already have ``length`` rules.
        """
        if self.position == self.length:
            raise ValueError(f"the derivations already have their {self.length} rules")
        out = np.empty((len(self._states), machine.PADDING + 1), np.bool_)
        machine.mark_all(self._stacks, self._states, self.length - self.position, out)
        return out

    def append(self, rules: ArrayLike) -> None:
        """Take ``rules`` (N,) as the next ones.

        Raises:
            ValueError: one of them isn't allowed; none is taken then.
        """
        chosen = np.ascontiguousarray(rules, np.uint8)
        allowed = self.masks()[np.arange(len(chosen)), chosen]
        if not allowed.all():
            row = int(np.argmin(allowed))
            raise ValueError(f"rule {chosen[row]} is not allowed in row {row}; see masks()")
        machine.apply_all(chosen, self._stacks, self._states)
        self.position += 1
