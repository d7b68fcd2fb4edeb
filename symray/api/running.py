"""Running a study in the foreground: progress, signals, and how it is stopped."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from symray.api.progress import StudyProgress
from symray.api.terminal import err

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord
    from symray.search.leaderboard import Candidate
    from symray.search.progress import Progress
    from symray.study_file import StudyFile

PATIENCE = 90.0
"""Seconds that a study asked to stop may take, a server that is away included."""


class Foreground:
    """How a process behaves that runs a study while somebody waits for it.

    Args:
        killed: the exit code with which a second signal ends the process at once, and a stop that
            takes too long: a command's. None: the second signal raises ``KeyboardInterrupt``, as
            befits a process that has other things to lose.
        go_on: the command that goes on with what was stopped; `symray resume` where it isn't given.
    """

    def __init__(self, killed: int | None = None, go_on: str | None = None) -> None:
        self.killed = killed
        self.go_on = go_on

    def resume(
        self, record: "StudyRecord", work: "Callable[[Progress, threading.Event], StudyRecord]"
    ) -> "StudyRecord":
        """Run ``work``, which resumes a study; see :meth:`run`."""
        from symray.search.leaderboard import leaderboard

        best = next((row for row in leaderboard(record) if row.feasible), None)
        return self.run(record.file, best, work)

    def run(
        self,
        file: "StudyFile",
        best: "Candidate | None",
        work: "Callable[[Progress, threading.Event], StudyRecord]",
    ) -> "StudyRecord":
        """Run ``work`` until the study is complete or was stopped.

        Args:
            file: the study's.
            best: its best feasible trial so far.
            work: launches or resumes it.
        """
        stopping = threading.Event()
        # What anything prints meanwhile is no result: stdout stays clean for --json.
        with (
            contextlib.redirect_stdout(err().file),
            StudyProgress(err(), file, best) as progress,
            self._signals(file.study, stopping, progress),
        ):
            record = work(progress, stopping)
        if not record.complete:
            err().print(stopped_sentence(record, self.go_on))
        return record

    @contextlib.contextmanager
    def _signals(
        self, name: str, stopping: threading.Event, progress: StudyProgress
    ) -> Iterator[None]:
        """The first SIGINT or SIGTERM stops the study; only the main thread is told of them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # A signal to the whole process group has killed Ray as well, and nobody stops the workers.
        last_resort = threading.Timer(PATIENCE, self._give_up, [name])
        last_resort.daemon = True

        def on_signal(number: int, frame: FrameType | None) -> None:
            if stopping.is_set():
                self._give_up(name)
            if self.killed is not None:
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

    def _give_up(self, name: str) -> NoReturn:
        """End this at once: unfinished trials go on from their last checkpoint."""
        if self.killed is None:
            raise KeyboardInterrupt
        go_on = self.go_on or f"symray resume {name}"
        os.write(2, f"\nkilled; go on with: {go_on}\n".encode())
        os._exit(self.killed)


def stopped_sentence(record: "StudyRecord", go_on: str | None = None) -> str:
    """How far a study came that was stopped, and the command to ``go_on``."""
    from symray.insight.status import ended_count

    return (
        f"study '{record.name}' stopped with {ended_count(record)} of {record.budget} trials; "
        f"go on with: {go_on or f'symray resume {record.name}'}"
    )
