"""What deciding the next trial takes, as a study grows.

    python benchmarks/suggest.py

TPE suggests five parameters under two constraints, from finished trials of the study of STIB. Three
ways: Optuna by itself in memory, what the search does to decide (a sampler made anew, seeded by the
trial's number) on the same storage in memory, and the whole of handing a trial out: the study's own
journal file, its folder and its task, all on Tune's loop. CPU time, so that load doesn't matter.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from measuring.command import Options, run
from measuring.results import Results
from measuring.table import Column
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.search.samplers import distributions, make_sampler
from symray.search.search import Search
from symray.study_file import StudyFile, load_study_file

STUDY = """\
study: suggest
model: stib
data: artificial
search:
  beta: {low: 1, high: 1000, log: true}
  lambda_growth: {low: 1.0, high: 1.2}
  learning_rate: {low: 1.0e-5, high: 3.0e-3, log: true}
  adversary_steps: {low: 1, high: 3}
  batch_size: {choice: [60, 128, 256]}
constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]
trials: 1000000
"""
SIZES = (100, 500, 2_000)
ASKED = 20


def finished(file: StudyFile, count: int) -> list[FrozenTrial]:
    space = distributions(file)
    draw = np.random.default_rng(0)
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    trials = []
    for _ in range(count):
        params = study.ask(space).params
        trial = create_trial(
            params=params,
            distributions=space,
            value=float(draw.uniform()),
            state=TrialState.COMPLETE,
        )
        for constraint in file.constraints:
            trial.constraints[str(constraint)] = float(draw.normal())
        trials.append(trial)
    return trials


def milliseconds(call: Callable[[], object], asked: int) -> float:
    times = []
    for _ in range(asked):
        start = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def plain(file: StudyFile, trials: list[FrozenTrial], asked: int) -> float:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.add_trials(trials)
    return milliseconds(lambda: study.ask(distributions(file)), asked)


def ours(file: StudyFile, trials: list[FrozenTrial], asked: int) -> float:
    study = optuna.create_study()
    study.add_trials(trials)

    def decide() -> None:
        study.sampler = make_sampler(file, len(study.get_trials(deepcopy=False)))
        study.ask(distributions(file))

    return milliseconds(decide, asked)


def handed_out(file: StudyFile, trials: list[FrozenTrial], asked: int) -> float:
    with tempfile.TemporaryDirectory(prefix="symray-bench-") as home:
        os.environ["SYMRAY_HOME"] = home
        (Path(home) / file.study).mkdir()
        record = StudyRecord.create(file)
        record.optuna.add_trials(trials)
        search = Search(record, {}, Progress(), lambda number: None, lambda: False)
        return milliseconds(search.next, asked)


def measure(results: Results, options: Options) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sizes, asked = ((20,), 2) if options.quick else (SIZES, ASKED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suggest.yaml"
        path.write_text(STUDY)
        (file,) = load_study_file(path)
    table = results.table(
        "next",
        f"Milliseconds of processor time for the next trial, medians of {asked}",
        *(Column("finished trials", form=","), Column("Optuna alone", "ms", ".1f")),
        *(Column("deciding", "ms", ".1f"), Column("handing out", "ms", ".1f")),
    )
    for size in sizes:
        trials = finished(file, size)
        table.add(size, *(way(file, trials, asked) for way in (plain, ours, handed_out)))


if __name__ == "__main__":
    run(measure)
