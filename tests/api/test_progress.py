import io
from pathlib import Path

import pytest
from rich.console import Console

from symray.api.progress import StudyProgress
from symray.search.leaderboard import candidate
from symray.study_file import StudyFile, load_study_file
from symray.tasks.task import Report, Task

GOOD = {"x_mae": 0.5, "y_mae": 0.9, "mi_z0_y": 0.3, "train/kl": 1.0}


@pytest.fixture
def file(tmp_path: Path) -> StudyFile:
    path = tmp_path / "s.yaml"
    path.write_text(
        "study: s\nmodel: stib\ndata: artificial\n"
        "search: {beta: {low: 1, high: 1000, log: true}}\n"
        "objectives: {mi_z0_y: minimize}\n"
        "constraints: ['x_mae <= 0.8', 'y_mae <= 1.2']\n"
    )
    return load_study_file(path)[0]


def task(number: int, kind: str = "trial") -> Task:
    return Task("s", f"{kind}-{number:04d}", kind, number, "", {})  # type: ignore[arg-type]


def report(epoch: int, **values: float) -> Report:
    return Report(epoch, 10, GOOD | values, "complete" if epoch == 10 else "running", host="here")


def test_a_pipe_gets_a_line_for_each_finished_trial(file: StudyFile) -> None:
    text = io.StringIO()
    with StudyProgress(
        Console(file=text, width=30, soft_wrap=True, markup=False), file, None
    ) as progress:
        progress.on_search_start(1, 3)
        progress.on_task_start(task(1))
        progress.on_epoch(task(1), report(5))
        progress.on_task_end(task(1), report(10, mi_z0_y=float("nan")), "COMPLETE", None)
        progress.on_task_end(task(2), None, "FAIL", "lost its worker")
        progress.message("[a] message")
        progress.on_confirmation_start(0, 2)
    assert text.getvalue().splitlines() == [
        "study 's': 1 of 3 trials done, searching",
        "trial-0001 COMPLETE after 10 epochs  x_mae 0.5  y_mae 0.9  mi_z0_y nan  [2/3]",
        "trial-0002 FAIL after 0 epochs  (lost its worker)  [3/3]",
        "[a] message",
        "confirming the best: 0 of 2 trainings under fresh seeds done",
    ]


def test_a_terminal_shows_what_runs_and_what_is_best(file: StudyFile) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, height=30)
    best = candidate(file, 4, {}, GOOD | {"mi_z0_y": 0.25})

    def look() -> list[str]:
        paper = Console(file=io.StringIO(), width=100)
        with paper.capture() as capture:
            paper.print(progress._live.get_renderable())
        return [" ".join(line.split()) for line in capture.get().splitlines()]

    with StudyProgress(console, file, best) as progress:
        progress.on_search_start(1, 3)
        progress.on_task_start(task(1))
        progress.on_task_start(task(2))
        assert "left" not in look()[0]
        progress.on_epoch(task(2), report(5))
        head, leader, first, second, *_ = look()
        assert "s searching" in head
        assert "1/3" in head
        assert head.endswith("left")
        assert leader == "best #4: mi_z0_y 0.25"
        assert first == "trial-0001 starting"
        assert second == "trial-0002 5/10 x_mae 0.5 y_mae 0.9 mi_z0_y 0.3 here"
        progress.on_task_end(task(2), report(10, mi_z0_y=0.1, x_mae=0.9), "COMPLETE", None)
        assert "best #4" in look()[1]  # infeasible
        progress.on_task_end(task(1), report(10, mi_z0_y=0.2), "COMPLETE", None)
        assert look()[1] == "best #1: mi_z0_y 0.2"
        assert "3/3" in look()[0]
        progress.stopping()
        assert "Ctrl-C again to kill" in look()[-1]
    assert "trial-0002 COMPLETE" not in screen.getvalue()


def test_no_feasible_trial_is_said(file: StudyFile) -> None:
    with StudyProgress(Console(file=io.StringIO()), file, None) as progress:
        progress.on_search_start(0, 1)
        progress.on_task_end(task(0), report(10, x_mae=3.0), "COMPLETE", None)
        assert progress.best is None
        progress.on_task_end(task(0, "confirm"), report(10), "COMPLETE", None)
        assert progress._best_text() == "no feasible trial yet"
