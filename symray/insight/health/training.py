"""One training as its folder tells of it: a trial, a pretraining, a seed of the confirmation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from symray.tasks.task import Task


class Pace(NamedTuple):
    """How long an epoch took, and where.

    Attributes:
        host: of the attempt that trained it.
        device: the same.
        seconds: with its evaluation.
        kind: ``plain``; ``evaluated`` where not every epoch is and this one was; ``last`` with the
            evaluation of all metrics; ``first`` of an attempt, which also imports and compiles.
    """

    host: str
    device: str
    seconds: float
    kind: str


@dataclass(frozen=True)
class Training:
    """What one task has recorded.

    Attributes:
        name: of its MLflow run.
        number: the trial's where it is one, else that of the trial which it serves.
        is_trial: whether it is a trial.
        task: the job; None before a worker was asked.
        lines: the recorded epochs.
        events: starts, failures and lost workers.
        asked_at: seconds since the epoch; None where nobody has noted it.
        ended_at: the same; None while it hasn't ended.
        ended: whether it has.
        reason: why it failed; None where it didn't.
    """

    name: str
    number: int
    is_trial: bool
    task: Task | None
    lines: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    asked_at: float | None
    ended_at: float | None
    ended: bool
    reason: str | None

    @property
    def title(self) -> str:
        """How a sentence calls it."""
        return f"trial {self.number}" if self.is_trial else self.name

    @cached_property
    def starts(self) -> list[Mapping[str, Any]]:
        """The attempts' starts, in order."""
        return [event for event in self.events if event["event"] == "start"]

    @property
    def host(self) -> str | None:
        """Where it was last begun."""
        return self.starts[-1]["host"] if self.starts else None

    @property
    def epochs(self) -> int:
        """Epochs that it is to have, over all repeats."""
        return int(self.settings.get("epochs", 0)) * (self.task.repeats if self.task else 1)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every number that it is trained with."""
        return self.task.spec["settings"] if self.task else {}

    @property
    def last_sign(self) -> float | None:
        """When it last recorded anything."""
        signs = [entry["time"] for entry in (*self.lines[-1:], *self.events[-1:])]
        return max(signs, default=None)

    @property
    def last_values(self) -> Mapping[str, float]:
        """What its last recorded epoch holds."""
        return self.lines[-1]["values"] if self.lines else {}

    @cached_property
    def paces(self) -> list[Pace]:
        """How long its epochs took; those whose beginning isn't recorded are left out."""
        return list(self._paces())

    def _paces(self) -> Iterator[Pace]:
        every = int(self.settings.get("evaluate_every", 1))
        each = int(self.settings.get("epochs", 0)) or 1
        before: Mapping[str, Any] | None = None
        for line in self.lines:
            begun = [start for start in self.starts if start["time"] <= line["time"]]
            if not begun:
                continue
            start = begun[-1]
            fresh = before is None or before["time"] < start["time"]
            since = start["time"] if fresh or before is None else before["time"]
            follows = before is None or before["epoch"] + 1 == line["epoch"]
            before = line
            if not follows:
                continue
            within = (line["epoch"] - 1) % each + 1
            kind = "evaluated" if every > 1 and within % every == 0 else "plain"
            kind = "first" if fresh else "last" if within == each else kind
            yield Pace(start["host"], start["device"], line["time"] - since, kind)


def usual(paces: Sequence[Pace], kind: str = "plain") -> list[float]:
    """Seconds of the epochs of ``kind``; of whichever there are where there are none of it."""
    chosen = [pace.seconds for pace in paces if pace.kind == kind]
    return (
        chosen
        or [pace.seconds for pace in paces if pace.kind != "first"]
        or [pace.seconds for pace in paces]
    )
