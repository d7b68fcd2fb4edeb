"""What the parent run shows of a study: its leaderboard as a table and Optuna's plots."""

import csv
from pathlib import Path

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.trials import ENDED
from symray.report.grid_map import write_map
from symray.report.model_selection import draw_selection
from symray.report.plots import write_plots
from symray.report.previews import write_previews
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import leaderboard


def write_report(record: StudyRecord) -> Path:
    """Write the leaderboard, Optuna's plots, and figures: a grid's map, that of a study over
    latents, and previews.

    Returns:
        The study's ``report`` folder.
    """
    folder = record.folder / "report"
    folder.mkdir(exist_ok=True)
    board = leaderboard(record)
    params = list(record.file.search)
    metrics = METRICS.among(name for row in board for name in row.metrics)
    with (folder / "leaderboard.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["rank", "trial", "feasible", *params, *metrics])
        for place, row in enumerate(board, start=1):
            values = [row.params.get(name, "") for name in params]
            values += [row.metrics.get(name, "") for name in metrics]
            table.writerow([place, row.number, row.feasible, *values])
    write_plots(record, folder / "plots.html")
    draw_selection(record, folder)
    write_map(record, folder)
    write_previews(record)
    return folder


def summary(record: StudyRecord) -> dict[str, float]:
    """The parent run's own metrics: how many trials ended how, the best one's metrics, and the UDR
    of each confirmed setting.
    """
    board = leaderboard(record)
    numbers = {f"trials_{state.name.lower()}": float(len(record.trials(state))) for state in ENDED}
    numbers["trials_feasible"] = float(sum(row.feasible for row in board))
    if board and board[0].feasible:
        numbers |= {f"best_{name}": value for name, value in board[0].metrics.items()}
    for entry in (read_confirmation(record) or {"candidates": []})["candidates"]:
        if "udr" in entry:
            numbers[f"udr_trial_{entry['number']:04d}"] = entry["udr"]["mean"]
    return numbers
