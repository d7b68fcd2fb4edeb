"""What a trial costs the driver of a study of 100, 500 and 2,000 trials, 16 at a time.

The trials cost nothing: two reports, no training. The whole driver runs with all its records and a
real MLflow server: on a journal file, on SQLite and, where Debian's package is there, PostgreSQL.
Per trial, after the workers have started: CPU time of the driver's process and wall time; the most
memory of the driver. Beside it, at the smallest size, plain Ray Tune with OptunaSearch and
MLflowLoggerCallback. Run it alone on an idle machine:

    python benchmarks/scale.py [--sizes 100 500 2000] [--reports 2] [--skip-stock]
"""

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
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch
from tracking import FreeTask

from measuring.command import Options, Parser, run
from measuring.results import Results
from measuring.servers import mlflow_server
from measuring.table import Column
from services import Postgres, program, unprivileged_user
from symray.driver import driver
from symray.driver.launch import launch
from symray.scheduling import ray_workers
from symray.scheduling.tuning import run_tasks
from symray.search.progress import Progress
from symray.study_file import load_study_file
from symray.tasks.task import Report, Task

AT_A_TIME, QUICK_AT_A_TIME = 16, 1

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
    """Notes the driver's times when trials end.

    Args:
        at_a_time: so many run. The clock starts after twice as many: by then every worker has
            imported what it needs.
    """

    def __init__(self, at_a_time: int) -> None:
        self._warm = 2 * at_a_time
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
        count = len(self.wall) - self._warm
        return {
            "cpu": 1e3 * (self.cpu[-1] - self.cpu[self._warm - 1]) / count,
            "wall": 1e3 * (self.wall[-1] - self.wall[self._warm - 1]) / count,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def ours(trials: int, reports: int, at_a_time: int, home: Path) -> dict[str, float]:
    """One study, driven in this process."""
    os.environ["SYMRAY_HOME"] = str(home)
    home.mkdir()
    path = home / "scale.yaml"
    path.write_text(
        STUDY.format(name=home.name, reports=reports, trials=trials, concurrency=at_a_time)
    )
    (file,) = load_study_file(path)
    clock = Clock(at_a_time)
    free = functools.partial(run_tasks, trainable=FreeTask)
    with (
        mock.patch.object(ray_workers, "run_tasks", free),
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

    def __init__(self, at_a_time: int) -> None:
        self.clock = Clock(at_a_time)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.clock.on_task_end(None, None, "", None)  # type: ignore[arg-type]


def stock(trials: int, reports: int, at_a_time: int, home: Path) -> dict[str, float]:
    """The bridges as their documentation has them."""
    clock = StockClock(at_a_time)
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
            max_concurrent_trials=at_a_time,
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


def measured(way: str, numbers: tuple[int, int, int], home: Path, **env: str) -> dict[str, float]:
    """One way in a process of its own, so that memory and caches are its own."""
    command = [sys.executable, __file__, "--one", way, *map(str, numbers), str(home)]
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


def measure(results: Results, options: Options) -> None:
    sizes, at_a_time = options.sizes, AT_A_TIME
    if options.quick:
        sizes, at_a_time = [3], QUICK_AT_A_TIME
    table = results.table(
        "driver",
        f"What a trial of {options.reports} reports costs the driver, {at_a_time} at a time",
        *(Column("record"), Column("trials", form=","), Column("processor time", "ms", ".0f")),
        *(Column("by the clock", "ms", ".0f"), Column("memory at the end", "MB", ".0f")),
    )

    def add(kind: str, way: str, size: int, home: Path, **env: str) -> None:
        row = measured(way, (size, options.reports, at_a_time), home, **env)
        table.add(kind, size, row["cpu"], row["wall"], row["memory"])

    with tempfile.TemporaryDirectory() as name, mlflow_server(Path(name)) as uri:
        scratch = Path(name)
        os.environ["MLFLOW_TRACKING_URI"] = uri
        with databases(scratch) as kinds:
            for kind in list(kinds)[:1] if options.quick else kinds:
                for size in sizes:
                    # Names differ, for the server keeps what it has been told.
                    home = scratch / f"{kind.replace(' ', '-')}-{size}"
                    add(kind, "ours", size, home, **kinds[kind])
        if not (options.quick or options.skip_stock):  # tracking.py runs the same bridges quickly
            name = "Ray Tune + OptunaSearch + MLflowLoggerCallback"
            add(name, "stock", sizes[0], scratch / "stock")


def add_options(parser: Parser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--reports", type=int, default=2, help="of each trial")
    parser.add_argument("--skip-stock", action="store_true", help="leave out what takes minutes")


def one(way: str, trials: str, reports: str, at_a_time: str, home: str) -> None:
    """What :func:`measured` starts."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(json.dumps(WAYS[way](int(trials), int(reports), int(at_a_time), Path(home))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        run(measure, add_options)
