"""What a trial costs the driver of a study of 100, 500 and 2,000 trials, 16 at a time.

The trials cost nothing: two reports, no training. The whole driver runs with all its records and a
real MLflow server: on a journal file, on SQLite and, where Debian's package is there, PostgreSQL.
Per trial, after the workers have started: CPU time of the driver's process and wall time; the most
memory of the driver. Beside it, at the smallest size, plain Ray Tune with OptunaSearch and
MLflowLoggerCallback. Run it alone on an idle machine:

    python benchmarks/scale.py [--sizes 100 500 2000] [--reports 2] [--skip-stock]
"""

import argparse
import functools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import optuna
from machine import machine
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch
from tracking import FreeTask, mlflow_server

from services import Postgres, program, unprivileged_user
from symray.driver import driver
from symray.driver.launch import launch
from symray.scheduling.tuning import run_tasks
from symray.search.progress import Progress
from symray.study_file import load_study_file
from symray.tasks.task import Report, Task

AT_A_TIME = 16
WARM = 2 * AT_A_TIME
"""Trials before the clock starts: by then every worker has imported what it needs."""

STUDY = """
study: {name}
model: stib
data: artificial
training: {{epochs: {reports}}}
search:
  beta: {{low: 1, high: 1000, log: true}}
  lambda_growth: {{low: 1.0, high: 1.2}}
  learning_rate: {{low: 1.0e-4, high: 1.0e-2, log: true}}
objectives: {{mi_z0_y: minimize}}
constraints: [x_mae <= 0.8, y_mae <= 1.2]
trials: {trials}
concurrency: {concurrency}
resources: {{cpu: 0.1}}
confirmation: {{top: 0}}
"""


class Clock(Progress):
    """Notes the driver's times when trials end."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def on_task_end(
        self, task: Task, report: Report | None, state: str, reason: str | None
    ) -> None:
        """A trial has ended."""
        self.wall.append(time.perf_counter())
        self.cpu.append(time.process_time())

    def per_trial(self) -> dict[str, float]:
        """Milliseconds per trial after the first ones."""
        count = len(self.wall) - WARM
        return {
            "cpu": 1e3 * (self.cpu[-1] - self.cpu[WARM - 1]) / count,
            "wall": 1e3 * (self.wall[-1] - self.wall[WARM - 1]) / count,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def ours(trials: int, reports: int, home: Path) -> dict[str, float]:
    """One study, driven in this process."""
    os.environ["SYMRAY_HOME"] = str(home)
    home.mkdir()
    path = home / "scale.yaml"
    path.write_text(
        STUDY.format(name=home.name, reports=reports, trials=trials, concurrency=AT_A_TIME)
    )
    (file,) = load_study_file(path)
    clock = Clock()
    free = functools.partial(run_tasks, trainable=FreeTask)
    with (
        mock.patch.object(driver, "run_tasks", free),
        mock.patch.object(driver.Driver, "_conclude", return_value=None),  # there are no models
    ):
        launch(file, clock, threading.Event())
    assert len(clock.wall) == trials
    return clock.per_trial()


def stock_trial(config: dict[str, Any]) -> None:
    for epoch in range(1, config["reports"] + 1):
        tune.report({"mi_z0_y": 1 / epoch + config["beta"] / 1000, "x_mae": 1.0, "y_mae": 1.0})


class StockClock(tune.Callback):
    """The same clock."""

    def __init__(self) -> None:
        self.clock = Clock()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.clock.on_task_end(None, None, "", None)  # type: ignore[arg-type]


def stock(trials: int, reports: int, home: Path) -> dict[str, float]:
    """The bridges as their documentation has them."""
    clock = StockClock()
    tune.Tuner(
        tune.with_resources(stock_trial, {"cpu": 0.1}),
        param_space={
            "beta": tune.loguniform(1, 1000),
            "lambda_growth": tune.uniform(1.0, 1.2),
            "learning_rate": tune.loguniform(1e-4, 1e-2),
            "reports": reports,
        },
        tune_config=tune.TuneConfig(
            metric="mi_z0_y",
            mode="min",
            search_alg=OptunaSearch(seed=0),
            num_samples=trials,
            max_concurrent_trials=AT_A_TIME,
        ),
        run_config=tune.RunConfig(
            storage_path=str(home),
            verbose=0,
            callbacks=[
                MLflowLoggerCallback(
                    tracking_uri=os.environ["MLFLOW_TRACKING_URI"], experiment_name=home.name
                ),
                clock,
            ],
        ),
    ).fit()
    return clock.clock.per_trial()


WAYS = {"ours": ours, "stock": stock}


def measured(way: str, trials: int, reports: int, home: Path, **env: str) -> dict[str, float]:
    """One way in a process of its own, so that memory and caches are its own."""
    command = [sys.executable, __file__, "--one", way, str(trials), str(reports), str(home)]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def databases(scratch: Path) -> Iterator[dict[str, dict[str, str]]]:
    """What the environment says for each kind of record."""
    kinds = {
        "journal file": {"SYMRAY_DATABASE": ""},
        "SQLite": {"SYMRAY_DATABASE": f"sqlite:///{scratch / 'studies.db'}"},
    }
    try:
        program("initdb")
        user = unprivileged_user()
    except (FileNotFoundError, KeyError):
        print("PostgreSQL is left out: it is not installed (Debian's package `postgresql`)")
        yield kinds
        return
    server = Postgres(user)
    try:
        server.start()
        address = server.create_database("studies")
        yield {**kinds, "PostgreSQL": {"SYMRAY_DATABASE": address, "PGPASSWORD": server.password}}
    finally:
        server.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--reports", type=int, default=2, help="of each trial")
    parser.add_argument("--skip-stock", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if options.one:
        way, trials, reports, home = options.one
        print(json.dumps(WAYS[way](int(trials), int(reports), Path(home))))
        return
    print(machine())
    print(f"{'record':14s} {'trials':>6s} {'CPU a trial':>17s} {'wall':>11s} {'memory':>8s}")
    with tempfile.TemporaryDirectory() as name, mlflow_server(Path(name)) as uri:
        scratch = Path(name)
        os.environ["MLFLOW_TRACKING_URI"] = uri
        with databases(scratch) as kinds:
            for kind, env in kinds.items():
                for size in options.sizes:
                    # Names differ, for the server keeps what it has been told.
                    home = scratch / f"{kind.replace(' ', '-')}-{size}"
                    show(kind, size, measured("ours", size, options.reports, home, **env))
        if not options.skip_stock:
            size = options.sizes[0]
            show("stock bridges", size, measured("stock", size, options.reports, scratch / "stock"))


def show(kind: str, size: int, row: dict[str, float]) -> None:
    print(
        f"{kind:14s} {size:6,} {row['cpu']:14.0f} ms {row['wall']:8.0f} ms {row['memory']:5.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
