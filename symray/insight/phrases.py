"""Numbers in sentences."""

from collections.abc import Sequence


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
