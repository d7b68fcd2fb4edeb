"""What stands in a study's files; one that has less is damaged."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

Check = Callable[[Any], object]
"""Raises ValueError, as pydantic's errors are, for what isn't as it should be."""


class _Epoch(BaseModel):
    epoch: int
    time: float
    values: dict[str, float]
    steps: dict[str, list[float]] = {}


class _Sample(BaseModel):
    time: float
    values: dict[str, float]


class _Event(BaseModel):
    event: str
    time: float


class _Begun(_Event):
    host: str


class _Extended(_Event):
    trials: int


class _Retried(_Event):
    numbers: list[int]


class _Stopped(_Event):
    number: int = 0


class _Start(_Event):
    host: str
    device: str
    pid: int
    attempt: int
    gpus: int = 0


class _Failed(_Event):
    reason: str


class _Outcome(BaseModel):
    state: str
    reason: str | None
    time: float


class _Stat(BaseModel):
    mean: float
    sd: float | None


class _Confirmed(BaseModel):
    number: int
    n: int
    failed: int
    validation: dict[str, _Stat]
    udr: _Stat | None = None


class _Confirmation(BaseModel):
    candidates: list[_Confirmed]
    winner: int | None
    champion: str | None
    test: dict[str, _Stat]


class _Registered(BaseModel):
    name: str
    version: str
    sha256: str


_METRICS: TypeAdapter[Any] = TypeAdapter(dict[str, float | None])
_EVENTS: Mapping[str, type[_Event]] = {
    "launch": _Begun,
    "resume": _Begun,
    "extend": _Extended,
    "retry": _Retried,
    "stop": _Stopped,
    "start": _Start,
    "failed": _Failed,
    "worker lost": _Failed,
}


def epoch(line: Any) -> None:
    """A line of ``metrics.jsonl``."""
    _Epoch.model_validate(line, strict=True)


def sample(line: Any) -> None:
    """A line of ``system.jsonl``."""
    _Sample.model_validate(line, strict=True)


def event(line: Any) -> None:
    """A line of ``events.jsonl``, a study's or a task's, or of ``losses.jsonl``."""
    kind = _Event.model_validate(line, strict=True).event
    _EVENTS.get(kind, _Event).model_validate(line, strict=True)


def outcome(line: Any) -> None:
    """A line of ``outcome.jsonl``."""
    _Outcome.model_validate(line, strict=True)


def confirmation(content: Any) -> None:
    """``confirmation.json``."""
    found = _Confirmation.model_validate(content, strict=True)
    if found.winner not in (None, *(entry.number for entry in found.candidates)):
        raise ValueError("the winner is no candidate")


def registered(content: Any) -> None:
    """``registered.json``."""
    _Registered.model_validate(content, strict=True)


def metrics(content: Any) -> None:
    """A model's ``metrics.json``, whose numbers may be null, or ``test.json``."""
    _METRICS.validate_python(content, strict=True)
