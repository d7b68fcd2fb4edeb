"""A trial trained once more from its record, to see whether the same numbers come out."""

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symray.errors import UserError
from symray.record.fingerprints import code_of
from symray.record.object_store.copies import newest_checkpoint_of
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, task_events
from symray.tasks.packs import Packs
from symray.tasks.task import Task
from symray.tasks.worker import LEFT_PACK, TaskRun

TOLERANCE = 0.01
"""Largest difference, relative to values above 1, that is called agreement where sums are rounded
otherwise than they were. Training amplifies rounding, so that after some hundred steps of STIB it
is no longer kept; the first epochs show whether it is the same trial."""


@dataclass(frozen=True)
class Rerun:
    """What a repetition gave.

    Attributes:
        number: the trial.
        epochs: epochs compared.
        differences: the largest absolute difference by metric; inf where only one side has a
            finite value.
        agreeing: epochs from the first on that agree within :data:`TOLERANCE`.
        packed: whether a part of the trial was trained in a pack, and so repeated in one.
        recorded_device: what the trial was trained on.
        device: what it was repeated on.
        recorded_code: fingerprint of the code then.
        code: and now.
    """

    number: int
    epochs: int
    differences: dict[str, float]
    agreeing: int
    packed: bool
    recorded_device: str
    device: str
    recorded_code: str
    code: str

    @property
    def identical(self) -> bool:
        """Whether every value of every epoch came out bit by bit."""
        return not any(self.differences.values())

    @property
    def as_expected(self) -> bool:
        """Whether it is identical or, where a pack may have rounded otherwise, agrees at first."""
        return self.identical or (self.packed and self.agreeing > 0)

    @property
    def same_device(self) -> bool:
        """Whether the kind of device is the same; each kind draws random numbers of its own."""
        return _kind(self.recorded_device) == _kind(self.device)


def rerun(
    record: StudyRecord,
    number: int,
    epochs: int | None = None,
    on_epoch: Callable[[int, int], None] = lambda epoch, total: None,
) -> Rerun:
    """Train trial ``number`` again, in this process and a folder that is thrown away.

    Epochs that a pack has trained are trained in a pack again, of one.

    Args:
        record: the study.
        number: the trial's.
        epochs: compare only so many; all that are recorded by default.
        on_epoch: is told of each epoch that was repeated, and of how many there are.

    Raises:
        UserError: no such trial, nothing is recorded of it, or it can't be trained here at all.
    """
    record.trial(number)
    folder = record.trial_folder(number)
    lines = metric_lines(folder)[:epochs]
    if not lines:
        raise UserError(
            f"trial {number} of study '{record.name}' has no recorded epoch to compare with"
        )
    task = Task.load(folder)
    events = task_events(folder)
    recorded = str([event for event in events if event["event"] == "start"][-1]["device"])
    packed = [_was_packed(events, line["epoch"]) for line in lines]
    differences: dict[str, float] = {}
    agreeing = 0
    if task.spec.get("begins_with"):
        newest_checkpoint_of(Path(task.spec["begins_with"]).parent)
    with tempfile.TemporaryDirectory(prefix="symray-rerun-") as scratch:
        run = TaskRun(replace(task, folder=scratch), _device(recorded), slots=int(any(packed)))
        packs = Packs(1)
        for line, in_pack in zip(lines, packed, strict=True):
            trained = packs.train([run] if in_pack else [])
            report = run.advance(trained.get(run.trainer))
            if report.outcome == "failed":
                raise UserError(
                    f"trial {number} of study '{record.name}' does not get to epoch "
                    f"{line['epoch']} again: {report.reason}"
                )
            on_epoch(report.epoch, len(lines))
            gaps = _gaps(line["values"], report.values)
            for name, gap in gaps.items():
                differences[name] = max(gap, differences.get(name, 0.0))
            if agreeing == report.epoch - 1 and _agree(line["values"], gaps):
                agreeing += 1
    return Rerun(
        number=number,
        epochs=len(lines),
        differences=differences,
        agreeing=agreeing,
        packed=any(packed),
        recorded_device=recorded,
        device=str(run.trainer.device),
        recorded_code=task.tags["symray.code"],
        code=code_of(record.file),
    )


def _was_packed(events: Sequence[Mapping[str, Any]], epoch: int) -> bool:
    """Whether a pack has trained ``epoch``: the last worker that began, or changed, before it."""
    kinds = [e for e in events if e["event"] in ("start", LEFT_PACK) and e["epoch"] < epoch]
    return bool(kinds) and "pack" in kinds[-1]


def _agree(values: Mapping[str, float], gaps: Mapping[str, float]) -> bool:
    return all(gap <= TOLERANCE * max(1.0, abs(values.get(n, 1.0))) for n, gap in gaps.items())


def _gaps(then: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    nan = math.nan
    return {name: _gap(then.get(name, nan), now.get(name, nan)) for name in {**then, **now}}


def _gap(then: float, now: float) -> float:
    if then == now or (math.isnan(then) and math.isnan(now)):
        return 0.0
    gap = abs(then - now)
    return math.inf if math.isnan(gap) else gap


def _device(recorded: str) -> str:
    """The recorded kind where it may be had, so that a GPU doesn't repeat what a CPU trained."""
    return "cpu" if _kind(recorded) == "cpu" else "auto"


def _kind(device: str) -> str:
    return device.split(":")[0]
