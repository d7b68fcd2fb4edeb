"""Which searched parameter tells some trials from others."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BALANCED = 0.9
"""Mean of the shares that a threshold puts on the right sides."""

CHANCE = 20
"""So many ways to choose the trials there must be for each parameter tried."""


def separating_parameter(
    marked: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> tuple[str, str, float] | None:
    """The parameter, ``>=`` or ``<=``, and the threshold that nearly all ``marked`` keep to.

    None where none does, nearly all ``others`` do as well, or the trials are so few that one
    would by chance.
    """
    names = set.intersection(*(set(params) for params in [*marked, *others] or [{}]))
    n = len(marked) + len(others)
    if not marked or not others or math.comb(n, len(marked)) < CHANCE * len(names):
        return None
    best: tuple[float, str, str, float] | None = None
    for name in sorted(names):
        inside = np.array([float(params[name]) for params in marked])
        outside = np.array([float(params[name]) for params in others])
        for sign, word in ((1, ">="), (-1, "<=")):
            for limit in np.unique(inside):
                kept = np.mean(sign * inside >= sign * limit)
                free = np.mean(sign * outside < sign * limit)
                score = float(kept + free) / 2
                if best is None or score > best[0]:
                    best = score, name, word, float(limit)
    return best[1:] if best and best[0] >= BALANCED else None


def separating_words(
    marked: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> str:
    """``, mostly those with beta >= 300``; nothing where no parameter tells."""
    found = separating_parameter(marked, others)
    return f", mostly those with {found[0]} {found[1]} {found[2]:.3g}" if found else ""
