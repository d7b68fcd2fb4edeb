"""Means over seeds: their intervals, and the difference between two of them."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95
"""Of every interval: Student's t, two-sided."""


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` values; ``sd`` and the interval are None for a single one."""

    mean: float
    n: int
    sd: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Difference:
    """One mean minus another, with its interval.

    ``paired``: over equal seeds; else the seeds differ, and the interval is Welch's.
    """

    mean: float
    low: float
    high: float
    paired: bool

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.low <= 0 <= self.high


def estimate(values: list[float]) -> Estimate:
    """The mean of at least one value."""
    mean, n = statistics.fmean(values), len(values)
    if n < 2:
        return Estimate(mean, n)
    sd = statistics.stdev(values)
    half = _quantile(n - 1) * sd / math.sqrt(n)
    return Estimate(mean, n, sd, mean - half, mean + half)


def difference(of: Mapping[int, float], to: Mapping[int, float]) -> Difference | None:
    """The mean of ``of`` minus that of ``to``, both values by seed; None for less than two.

    Paired where both have the same seeds, else Welch's (1947), whose degrees of freedom are
    Satterthwaite's.
    """
    if min(len(of), len(to)) < 2:
        return None
    if of.keys() == to.keys():
        found = estimate([of[seed] - to[seed] for seed in of])
        assert found.low is not None
        assert found.high is not None
        return Difference(found.mean, found.low, found.high, paired=True)
    a, b = estimate(list(of.values())), estimate(list(to.values()))
    assert a.sd is not None
    assert b.sd is not None
    va, vb = a.sd**2 / a.n, b.sd**2 / b.n
    mean = a.mean - b.mean
    if va + vb == 0:
        return Difference(mean, mean, mean, paired=False)
    freedom = (va + vb) ** 2 / (va**2 / (a.n - 1) + vb**2 / (b.n - 1))
    half = _quantile(freedom) * math.sqrt(va + vb)
    return Difference(mean, mean - half, mean + half, paired=False)


def _quantile(freedom: float) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
