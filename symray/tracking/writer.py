"""The background writer to MLflow: training never waits for it, and it never raises."""

import threading
from collections.abc import Callable

from symray.record.lease import LeaseLostError
from symray.tracking.client import brief
from symray.tracking.projection import Projection
from symray.tracking.run_contents import RunContents

INTERVAL = 2.0
"""Seconds between flushes; what changes in between is written in one request."""

PAUSE = 10.0
"""Seconds before a server that didn't answer is asked again."""


class MLflowWriter(threading.Thread):
    """Writes the runs of changed tasks, one batch each per flush.

    What it writes it reads from the record, so a server that is away costs nothing but time: the
    tasks stay marked until it answers.

    Args:
        connect: makes the projection; called in the writer's own thread, again after a failure.
        contents: the run of a task by name, as the record has it now.
        notify: called with a sentence when the server has gone, and when it is back.
    """

    def __init__(
        self,
        connect: Callable[[], Projection],
        contents: Callable[[str], RunContents | None],
        notify: Callable[[str], None],
    ) -> None:
        super().__init__(name="mlflow-writer", daemon=True)
        self._connect = connect
        self._contents = contents
        self._notify = notify
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self.away: str | None = None
        self._projection: Projection | None = None

    def mark(self, name: str) -> None:
        """The record of task ``name`` has changed."""
        with self._lock:
            self._changed.add(name)

    def close(self, timeout: float) -> bool:
        """Write what is left and end; False if the server didn't take it within ``timeout`` s."""
        self._closing = True
        self._wake.set()
        self.join(timeout)
        return not self.is_alive() and not self._changed

    def run(self) -> None:
        """The thread's loop."""
        while True:
            closing = self._closing
            pause = INTERVAL
            try:
                self._flush()
                self._note_availability(None)
            except LeaseLostError:
                return  # whoever has the study now writes on
            except Exception as error:
                # Whatever MLflow or the network raises is no reason to stop a study.
                self._note_availability(brief(error))
                # What it knows may be stale: a run was made, and the answer got lost.
                self._projection = None
                pause = PAUSE
            if closing:
                return
            self._wake.wait(pause)

    def _note_availability(self, away: str | None) -> None:
        """Keep why the server is away; None while it answers."""
        if away and not self.away:
            self._notify(
                f"does not answer ({away}); the study goes on, what is missing there follows"
            )
        elif self.away and not away:
            self._notify("answers again")
        self.away = away

    def _flush(self) -> None:
        if self._projection is None:
            self._projection = self._connect()
        with self._lock:
            names = sorted(self._changed)
        for name in names:
            with self._lock:
                self._changed.discard(name)
            try:
                contents = self._contents(name)
                if contents is not None:
                    self._projection.sync(contents)
            except Exception:
                self.mark(name)
                raise
