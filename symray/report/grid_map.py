"""A grid over two settings as a table and a figure: what each metric is at each of its points."""

import csv
import math
from pathlib import Path

import numpy as np

from symray.figures import grid_maps, save
from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.record.trials import TrialState


def write_map(record: StudyRecord, folder: Path) -> None:
    """Write ``map.csv`` and ``map.png`` of a study with a grid over two settings; else nothing.

    The table has all metrics, with their standard deviations where trials have several seeds; the
    figure those that the study names, and those of disentanglement.
    """
    file = record.file
    if file.sampler.name != "grid" or len(file.search) != 2:
        return
    (across, columns), (up, rows) = ((n, sorted(e.values())) for n, e in file.search.items())
    points = {
        (float(trial.params[up]), float(trial.params[across])): last_line(
            record.trial_folder(trial.number)
        )["values"]
        for trial in record.trials(TrialState.COMPLETE)
    }
    had = [name for name in METRICS if any(name in values for values in points.values())]
    names = [n for name in had for n in (name, f"{name}_sd")]
    names = [n for n in dict.fromkeys(names) if any(n in values for values in points.values())]
    with (folder / "map.csv").open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow([across, up, *names])
        for (row, column), values in sorted(points.items()):
            table.writerow([column, row, *(values.get(name, "") for name in names)])
    wanted = dict.fromkeys([*file.metric_names(), *(n for n in had if METRICS[n].y == "factors")])
    maps = {
        name: np.array(
            [
                [points.get((float(r), float(c)), {}).get(name, math.nan) for c in columns]
                for r in rows
            ]
        )
        for name in wanted
        if name in had
    }
    if maps:
        save(grid_maps(maps, (up, rows), (across, columns)), folder / "map.png")
