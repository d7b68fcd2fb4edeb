"""Progress of a running study: live on a terminal or in a notebook, else a line for each trial."""

import os
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from symray.api.notebook import NotebookLive
from symray.api.terminal import table
from symray.insight.phrases import duration, metric, number
from symray.search.progress import Progress
from symray.tasks.task import Report, Task

if TYPE_CHECKING:
    from symray.search.leaderboard import Candidate
    from symray.study_file import StudyFile

_STOPPING = "stopping: running trials write a checkpoint (Ctrl-C again to kill)"


class StudyProgress(Progress):
    """Draws the course of one study.

    Args:
        console: on stderr.
        file: the study's; says what is optimised.
        best: the best feasible trial so far, if there is one.
    """

    def __init__(self, console: Console, file: "StudyFile", best: "Candidate | None") -> None:
        self.console = console
        self.file = file
        self.best = best
        self._phase = "starting"
        self._done = self._total = 0
        self._began, self._begun_with = time.monotonic(), 0.0
        self._running: dict[str, Report | None] = {}
        self._note = ""
        self._live = (
            NotebookLive(self._render)
            if console.is_jupyter
            else Live(
                console=console, get_renderable=self._render, refresh_per_second=4, transient=True
            )
        )

    def __enter__(self) -> Self:
        if self.console.is_terminal or self.console.is_jupyter:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def stopping(self) -> None:
        """Say that a signal has stopped the study; safe in a signal handler."""
        self._note = _STOPPING
        if not self._live.is_started:
            os.write(self.console.file.fileno(), f"{_STOPPING}\n".encode())

    def message(self, text: str) -> None:
        """A line of its own."""
        self.console.print(text)

    def on_search_start(self, done: int, total: int) -> None:
        """Begin to count trials."""
        self._begin("searching", done, total)
        self.message(f"study '{self.file.study}': {done} of {total} trials done, searching")

    def on_confirmation_start(self, done: int, total: int) -> None:
        """Begin to count trainings of the confirmation."""
        self._begin("confirming", done, total)
        self.message(f"confirming the best: {done} of {total} trainings under fresh seeds done")

    def on_task_start(self, task: Task) -> None:
        """Show its line."""
        self._running[task.name] = None

    def on_epoch(self, task: Task, report: Report) -> None:
        """Move its line on."""
        if self._running.get(task.name) is None:  # what earlier drivers trained took no time here
            self._begun_with += (report.epoch - 1) / max(1, report.epochs)
        self._running[task.name] = report
        self._refresh()

    def on_task_end(
        self, task: Task, report: Report | None, state: str, reason: str | None
    ) -> None:
        """Count it and, where there is no live display, print a line."""
        self._running.pop(task.name, None)
        counts = task.kind != "pretraining"
        self._done += counts
        self._total = max(self._total, self._done)  # it may have been extended meanwhile
        values = report.values if report else {}
        if task.kind == "trial" and state == "COMPLETE":
            self._consider(task, values)
        self._refresh()
        if not self._live.is_started:
            self.message(
                f"{task.name} {state} after {report.epoch if report else 0} epochs"
                f"{self._metrics(values)}{f'  ({reason})' if reason else ''}"
                f"{f'  [{self._done}/{self._total}]' if counts else ''}"
            )

    def _refresh(self) -> None:
        if self._live.is_started:
            self._live.refresh()

    def _begin(self, phase: str, done: int, total: int) -> None:
        self._phase, self._done, self._total = phase, done, total
        self._began, self._begun_with = time.monotonic(), float(done)
        self._running.clear()

    def _consider(self, task: Task, values: dict[str, float]) -> None:
        from symray.search.leaderboard import candidate, rank

        new = candidate(self.file, task.number, {}, values)
        if new.feasible:
            self.best = rank(self.file, [new, *([self.best] if self.best else [])])[0]

    def _metrics(self, values: dict[str, float]) -> str:
        names = dict.fromkeys(["x_mae", "y_mae", *self.file.objectives])
        return "".join(f"  {name} {metric(name, values)}" for name in names if name in values)

    def _render(self) -> RenderableType:
        head = Table.grid(padding=(0, 2))
        head.add_row(
            Text(f"{self.file.study} {self._phase}", style="bold"),
            ProgressBar(total=max(1, self._total), completed=self._fraction(), width=20),
            f"{self._done}/{self._total}",
            self._remaining(),
        )
        running = table(
            ["", "epoch", "", "host"],
            [
                [name, f"{report.epoch}/{report.epochs}", self._metrics(report.values), report.host]
                if report
                else [name, "starting", "", ""]
                for name, report in list(self._running.items())
            ],
        )
        running.show_header = False
        return Group(head, Text(self._best_text()), running, Text(self._note, style="yellow"))

    def _fraction(self) -> float:
        reports = [report for report in list(self._running.values()) if report]
        return self._done + sum(r.epoch / max(1, r.epochs) for r in reports)

    def _best_text(self) -> str:
        if self.best is None:
            return "no feasible trial yet"
        pairs = zip(self.file.objectives, self.best.objectives, strict=True)
        values = ", ".join(f"{name} {number(value)}" for name, value in pairs)
        return f"best #{self.best.number}: {values}"

    def _remaining(self) -> str:
        gained = self._fraction() - self._begun_with
        if gained <= 0:
            return ""
        rate = gained / (time.monotonic() - self._began)
        return f"about {duration(max(0.0, (self._total - self._fraction()) / rate))} left"
