"""Running a study in the foreground: progress, signals, and what is said at the end."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import typer

from symray.cli.output import err
from symray.cli.progress import StudyProgress

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord
    from symray.search.leaderboard import Candidate
    from symray.search.progress import Progress
    from symray.study_file import StudyFile

PATIENCE = 90.0
"""Seconds that a study asked to stop may take, a server that is away included."""

INTERRUPTED = 130
"""Exit code of a study that was stopped before it was complete."""


def run_study(
    file: "StudyFile",
    best: "Candidate | None",
    work: "Callable[[Progress, threading.Event], StudyRecord]",
) -> "StudyRecord":
    """Run ``work`` until the study is complete.

    Args:
        file: the study's.
        best: its best feasible trial so far.
        work: launches or resumes it.

    Raises:
        typer.Exit: it was stopped before it was complete.
    """
    stopping = threading.Event()
    # What anything prints meanwhile is no result: stdout stays clean for --json.
    with (
        contextlib.redirect_stdout(err().file),
        StudyProgress(err(), file, best) as progress,
        _signals(file.study, stopping, progress),
    ):
        record = work(progress, stopping)
    if not record.complete:
        err().print(stopped_sentence(record))
        raise typer.Exit(INTERRUPTED)
    return record


def stopped_sentence(record: "StudyRecord") -> str:
    """How far a study came that was stopped, and how to go on."""
    from symray.insight.status import ended_count

    return (
        f"study '{record.name}' stopped with {ended_count(record)} of {record.budget} trials; "
        f"go on with: symray resume {record.name}"
    )


def _give_up(name: str) -> NoReturn:
    """End this process at once: unfinished trials go on from their last checkpoint."""
    os.write(2, f"\nkilled; go on with: symray resume {name}\n".encode())
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def _signals(name: str, stopping: threading.Event, progress: StudyProgress) -> Iterator[None]:
    """The first SIGINT or SIGTERM stops the study, the second one ends this process at once."""

    # A signal to the whole process group has killed Ray as well, and nobody stops the workers.
    last_resort = threading.Timer(PATIENCE, _give_up, [name])
    last_resort.daemon = True

    def on_signal(number: int, frame: FrameType | None) -> None:
        if last_resort.is_alive():
            _give_up(name)
        last_resort.start()
        stopping.set()
        progress.stopping()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        last_resort.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
