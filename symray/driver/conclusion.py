"""The end of a study: choose among the confirmed settings, draw, make the champion.

Each step leaves alone what an earlier driver has done.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symray.record.object_store.copies import newest_checkpoint_of
from symray.record.study_record import StudyRecord
from symray.report.task_figures import draw_figures
from symray.search.champion import build_champion
from symray.search.confirmation import Confirmation, choose
from symray.search.leaderboard import Candidate
from symray.search.progress import Progress
from symray.tasks.task import Task


def conclude(
    record: StudyRecord,
    best: Sequence[Candidate],
    confirmation: Confirmation | None,
    progress: Progress,
) -> None:
    """Make the champion of a study, and the figures of its best trials.

    Args:
        record: the study, its search and confirmation done.
        best: its feasible trials, the best first; at least one.
        confirmation: what chooses; None where the study's file wants none, and its best trial is
            taken as it is.
        progress: is told what happens.
    """
    progress.message("drawing figures, evaluating the winner on the test split")
    if confirmation is None:
        _make_champion(record, record.trial_folder(best[0].number), None)
    else:
        result = choose(record, confirmation.tasks)
        if result["winner"] is None:
            progress.message(
                "no confirmed setting keeps the constraints in the mean over its seeds; "
                "no model is registered"
            )
        else:
            _make_champion(record, record.folder / "confirmation" / result["champion"], result)
    for candidate in best[: max(1, record.file.confirmation.top)]:
        folder = record.trial_folder(candidate.number)
        if newest_checkpoint_of(folder) is not None:
            draw_figures(Task.load(folder))


def _make_champion(
    record: StudyRecord, folder: Path, confirmation: Mapping[str, Any] | None
) -> None:
    task = Task.load(folder)
    draw_figures(task)
    build_champion(record, task, confirmation)
