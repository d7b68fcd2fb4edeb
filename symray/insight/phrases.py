"""Numbers in sentences and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

_KRASKOV = ("mi_z0_y", "mi_z0_y_sampled", "mi_z0_y_k20", "mi_z0_y_paper")


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would choose."""
    if seconds < 99.5:
        return f"{seconds:.2g} s" if seconds < 9.5 else f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def listed(names: Sequence[object], most: int = 5) -> str:
    """``1, 2 and 3``; of more than ``most`` the first ones and how many more there are."""
    words = [str(name) for name in names]
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(count: int, noun: str) -> str:
    """``1 trial``, ``3 trials``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def these_trials(numbers: Sequence[int]) -> str:
    """``trial 3``, ``trials 3, 4 and 8``."""
    return f"trial{'s' if len(numbers) > 1 else ''} {listed(numbers)}"


def number(value: Any) -> str:
    """Four digits of a number, other things as they are, a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def metric(name: str, metrics: Mapping[str, float | None]) -> str:
    """A metric in a table.

    A Kraskov figure within what shuffled Y gives as well (mean + 2 sd, estimated with k = 3, whose
    spread is the widest) says no more than that.
    """
    value = metrics.get(name)
    mean, sd = metrics.get("mi_z0_y_floor"), metrics.get("mi_z0_y_floor_sd")
    floored = name in _KRASKOV and None not in (value, mean, sd)
    if floored and value <= mean + 2 * sd:  # type: ignore[operator]
        return "<= floor"
    return number(value)
