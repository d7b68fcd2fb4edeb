"""Figures of a study's models, as images."""

from pathlib import Path
from typing import TYPE_CHECKING

from symray.errors import UserError, nearest
from symray.record.object_store.copies import newest_checkpoint_of
from symray.record.study_record import StudyRecord
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import leaderboard
from symray.tasks.task import Task

if TYPE_CHECKING:
    from PIL.Image import Image


def figure_of(record: StudyRecord, name: str, trial: int | None) -> "Image":
    """Figure ``name`` of a trial, or else of the champion or the best trial, or of the study.

    Raises:
        UserError: there is no such figure; names those that there are.
    """
    from PIL import Image

    folder = model_folder(record) if trial is None else _of_trial(record, trial)
    known: dict[str, Path] = {}
    if trial is None:
        known |= _pictures(record.folder / "report")
    if folder is not None:
        known |= _pictures(_drawn(folder))
    if not known:
        raise UserError(f"study '{record.name}' has no figures yet: no training has ended")
    if name not in known:
        raise UserError(f"study '{record.name}' has no figure '{name}'{nearest(name, known)}")
    return Image.open(known[name])


def model_folder(record: StudyRecord) -> Path | None:
    """The folder of the training whose model stands for the study."""
    champion = (read_confirmation(record) or {"champion": None})["champion"]
    if champion is not None:
        return record.folder / "confirmation" / str(champion)
    board = leaderboard(record)
    return record.trial_folder(board[0].number) if board else None


def _of_trial(record: StudyRecord, number: int) -> Path:
    return record.trial_folder(record.trial(number).number)


def _drawn(folder: Path) -> Path:
    """The folder of a training's figures, drawn now where it has a checkpoint and none yet."""
    figures = folder / "figures"
    if not figures.exists() and newest_checkpoint_of(folder) is not None:
        from symray.report.task_figures import draw_figures

        draw_figures(Task.load(folder))
    return figures


def _pictures(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.png"))}
