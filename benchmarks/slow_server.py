"""What a tracking server that answers only after 200 ms costs the training.

One study with a real MLflow server behind a proxy that for ten seconds holds every request up by
200 ms, for the next ten passes them on at once, and so on: what else changes on the machine meets
both alike. What is compared is the time of an epoch in either phase, as the trials' own records
say. Run it alone on an idle machine:

    python benchmarks/slow_server.py [--delay 0.2] [--epochs 1000]
"""

import os
import statistics
import tempfile
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from measuring.command import CannotMeasureError, Options, Parser, run
from measuring.results import Results
from measuring.servers import held_up, is_held_up, mlflow_server
from measuring.table import Column
from symray.driver.launch import launch
from symray.record.task_folder import metric_lines
from symray.search.progress import Progress
from symray.study_file import load_study_file

PHASE, QUICK_PHASE = 10.0, 0.3
"""Seconds for which requests are held up, and for which they aren't."""

STUDY = """
study: slow
model: stib
data: artificial
training: {{epochs: {epochs}, steps_per_epoch: {steps}}}
search:
  beta: {{low: 1, high: 1000, log: true}}
constraints: [x_mae <= 100, y_mae <= 100]
sampler: random
reference: false
trials: 2
concurrency: 1
confirmation: {{top: 0}}
"""


def epochs(trial_folder: Path, phase: float) -> Iterator[tuple[float, bool]]:
    """Seconds of each epoch that lay in one phase, its first tenth left out; which phase."""
    lines = metric_lines(trial_folder)
    for before, line in pairwise(lines):
        began, ended = before["time"], line["time"]
        if (began - phase / 10) // phase == ended // phase:
            yield ended - began, is_held_up(ended, phase)


def mean_without_extremes(seconds: list[float]) -> float:
    """The mean without the tenth at either end."""
    cut = len(seconds) // 10
    return statistics.fmean(sorted(seconds)[cut : len(seconds) - cut])


def train(scratch: Path, delay: float, phase: float, **length: int) -> dict[bool, list[float]]:
    """Seconds of the study's epochs, with requests held up and without."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    with mlflow_server(scratch) as uri, held_up(uri, delay, phase) as slow:
        os.environ |= {"MLFLOW_TRACKING_URI": slow, "SYMRAY_HOME": str(scratch / "home")}
        path = scratch / "study.yaml"
        path.write_text(STUDY.format(**length))
        (file,) = load_study_file(path)
        record = launch(file, Progress(), threading.Event())
    for trial in record.trials():
        for took, held in epochs(record.trial_folder(trial.number), phase):
            seconds[held].append(took)
    return seconds


def measure(results: Results, options: Options) -> None:
    delay, phase, length = options.delay, PHASE, {"epochs": options.epochs, "steps": 20}
    if options.quick:
        delay, phase, length = 0.02, QUICK_PHASE, {"epochs": 40, "steps": 2}
    with tempfile.TemporaryDirectory() as name:
        seconds = train(Path(name), delay, phase, **length)
    if min(map(len, seconds.values())) < 2:
        raise CannotMeasureError("the study was over before either phase saw two epochs: --epochs")
    table = results.table(
        "epochs",
        f"Epochs while requests to MLflow are held up by {1e3 * delay:.0f} ms or aren't; "
        "means without the tenth at either end",
        *(Column("requests"), Column("epochs", form=","), Column("an epoch", "ms", ".1f")),
        *(Column("standard error", "%", ".1f"), Column("longer by", "%", "+.1f")),
    )
    at_once = mean_without_extremes(seconds[False])
    for held, what in ((False, "answered at once"), (True, "held up")):
        mean, count = mean_without_extremes(seconds[held]), len(seconds[held])
        error = 100 * statistics.stdev(seconds[held]) / count**0.5 / mean
        table.add(what, count, 1e3 * mean, error, 100 * (mean / at_once - 1) if held else None)


def add_options(parser: Parser) -> None:
    parser.add_argument("--delay", type=float, default=0.2, help="seconds")
    parser.add_argument("--epochs", type=int, default=1000)


if __name__ == "__main__":
    run(measure, add_options)
