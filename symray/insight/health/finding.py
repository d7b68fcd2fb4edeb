"""What may look wrong with a study, and how badly."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Severity = Literal["severe", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The worst first.

``severe``: the study stands still, or what it will give can't be used. ``warning``: it loses time
or trials, or looks in the wrong place. ``note``: to be known when its results are read.
"""


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong.

    Attributes:
        kind: what was looked at, a word or two; the same for every finding of a check.
        severity: how much it matters.
        sentence: what is wrong, by which numbers, and what to do.
        evidence: the numbers, for programs.
        command: what to type next.
        trials: whose fault it is or whom it concerns, by number.
    """

    kind: str
    severity: Severity
    sentence: str
    evidence: Mapping[str, Any]
    command: str
    trials: tuple[int, ...] = field(default=())
