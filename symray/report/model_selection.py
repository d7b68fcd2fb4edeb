"""The figure of a study over the number of latents (STIB's appendix, Figure 3)."""

import statistics
from pathlib import Path

from symray.figures import model_selection, save
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.search.leaderboard import Candidate, leaderboard
from symray.training.evaluation import rebuilding

INFORMATION = ("mi_z0_y_paper", "MI($Z_0$; $Y$) in bits, as published")


def draw_selection(record: StudyRecord, folder: Path) -> None:
    """Draw ``model_selection.png`` where the study searches ``latent_dims`` and has two of them.

    Reconstruction as the usual metric of X has it; spreads are over the seeds of a trial, or over
    trials with as many latents.
    """
    if "latent_dims" not in record.file.search:
        return
    quality = rebuilding(record.file.design(), "x")[0]
    groups: dict[int, list[Candidate]] = {}
    for row in leaderboard(record):
        if {quality, INFORMATION[0]} <= row.metrics.keys():
            groups.setdefault(int(row.params["latent_dims"]), []).append(row)
    if len(groups) < 2:
        return
    latents = sorted(groups)

    def series(name: str) -> tuple[list[float], list[float]]:
        columns = [[row.metrics[name] for row in groups[n]] for n in latents]
        spreads = [_spread(record, groups[n], name) for n in latents]
        return [statistics.fmean(column) for column in columns], spreads

    (x, x_spread), (mi, mi_spread) = series(quality), series(INFORMATION[0])
    several = any(x_spread) or any(mi_spread)
    spreads = (x_spread, mi_spread) if several else None
    save(
        model_selection(latents, x, mi, (quality, INFORMATION[1]), spreads),
        folder / "model_selection.png",
    )


def _spread(record: StudyRecord, rows: list[Candidate], name: str) -> float:
    if len(rows) > 1:
        return statistics.stdev(row.metrics[name] for row in rows)
    values = last_line(record.trial_folder(rows[0].number))["values"]
    return float(values.get(f"{name}_sd", 0.0))
