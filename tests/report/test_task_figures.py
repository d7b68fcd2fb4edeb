"""The figures of trained models."""

import shutil
from pathlib import Path

import pytest

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.report.task_figures import draw_figures
from symray.search.leaderboard import leaderboard
from symray.tasks.task import Task

FIGURES = {"latent_space.png", "reconstruction_x.png", "reconstruction_y.png"}


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_finished_study_has_figures_of_its_best_trial_and_its_champion(
    finished_study: StudyRecord,
) -> None:
    best = finished_study.trial_folder(leaderboard(finished_study)[0].number)
    champion = (
        (finished_study.folder / "champion" / "task.txt").read_text().removeprefix("confirm-")
    )
    for folder in (best, finished_study.folder / "confirmation" / champion):
        assert {path.name for path in (folder / "figures").iterdir()} == FIGURES
        assert all(is_png(path) for path in (folder / "figures").iterdir())


def test_figures_are_drawn_once(own_copy: StudyRecord) -> None:
    folder = own_copy.trial_folder(leaderboard(own_copy)[0].number)
    task = Task.load(folder)
    (folder / "figures" / "reconstruction_x.png").write_bytes(b"left alone")
    assert draw_figures(task) == folder / "figures"
    assert (folder / "figures" / "reconstruction_x.png").read_bytes() == b"left alone"
    # A driver killed in the middle leaves what is never taken for figures.
    (folder / "figures").rename(folder / ".figures")
    (folder / ".figures" / "latent_space.png").write_bytes(b"half")
    draw_figures(task)
    assert all(is_png(folder / "figures" / name) for name in FIGURES)
    assert last_line(folder)["epoch"] == 2


def test_without_a_checkpoint_there_is_nothing_to_draw(own_copy: StudyRecord) -> None:
    folder = own_copy.trial_folder(leaderboard(own_copy)[0].number)
    shutil.rmtree(folder / "checkpoints")
    shutil.rmtree(folder / "figures")
    with pytest.raises(UserError, match="has no whole checkpoint any more"):
        draw_figures(Task.load(folder))
    assert not any(FIGURES & {p.name for p in folder.rglob("*.png")})
