"""What tracking costs: 40 trials of 10 reports for nothing, 2 at a time, a real MLflow server.

Three ways in one run: plain Ray Tune + OptunaSearch + MLflowLoggerCallback as their documentation
has it; symray's seams; and Ray Tune with Optuna in memory and no tracking at all, with the same
reuse of actors and the same concurrency, as the floor. Run it alone on an idle machine:

    python benchmarks/tracking.py [--trials 40] [--skip-stock]
"""

import importlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import optuna
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch

from measuring.command import Options, Parser, run
from measuring.results import Results
from measuring.servers import mlflow_server
from measuring.table import Column
from symray.record import jsonl
from symray.record.storage.file_lease import FileLease
from symray.record.study_record import StudyRecord
from symray.scheduling.cluster.attached import start_ray
from symray.scheduling.engine import Engine
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.tuning import run_tasks
from symray.search.progress import Progress
from symray.search.search import Search
from symray.study_file import load_study_file
from symray.tasks.task import Outcome, Report
from symray.tracking.projector import Projector

REPORTS = 10
STUDY = """
study: free
model: stib
data: artificial
training: {{epochs: {reports}}}
search:
  beta: {{low: 1, high: 1000, log: true}}
  lambda_growth: {{low: 1.0, high: 1.2}}
constraints: [x_mae <= 0.8, y_mae <= 1.2]
trials: {trials}
concurrency: 2
confirmation: {{top: 0}}
"""


def value(epoch: int, config: dict[str, Any]) -> dict[str, float]:
    """What a trial reports: the four numbers of a real one, for nothing."""
    number = 1 / epoch + config["beta"] / 1000
    return {"mi_z0_y": number, "x_mae": number, "y_mae": number, "train/loss": number}


def stock_trial(config: dict[str, Any]) -> None:
    for epoch in range(1, REPORTS + 1):
        tune.report(value(epoch, config))


class FreeTrial(tune.Trainable):
    """The floor's trial: a class, so that its actor can be reused.

    It imports what every trial that trains must import; that is no cost of tracking.
    """

    def setup(self, config: dict[str, Any]) -> None:
        importlib.import_module("symray.training.build")
        self.values = config
        self.epoch = 0

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        self.epoch += 1
        return value(self.epoch, self.values) | {"done": self.epoch == REPORTS}


class FreeEngine(Engine):
    """symray's trial without training: it keeps its record, and reports for nothing."""

    epoch = 0

    def _advance(self) -> dict[str, Report]:
        self.epoch += 1
        ((name, assignment),) = self._assignments.items()
        task = assignment.task
        settings = task.spec["settings"]
        values = value(self.epoch, settings)
        line = {"epoch": self.epoch, "time": time.time(), "values": values}
        jsonl.append(Path(task.folder) / "metrics.jsonl", [line])
        outcome: Outcome = "complete" if self.epoch == settings["epochs"] else "running"
        return {name: Report(self.epoch, settings["epochs"], values, outcome)}


class FreeTask(TaskTrainable):
    """What runs it."""

    engine = FreeEngine


def stock(trials: int, uri: str, scratch: Path) -> None:
    space = {"beta": tune.loguniform(1, 1000), "lambda_growth": tune.uniform(1.0, 1.2)}
    tune.Tuner(
        stock_trial,
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="mi_z0_y",
            mode="min",
            search_alg=OptunaSearch(seed=0),
            num_samples=trials,
            max_concurrent_trials=2,
        ),
        run_config=tune.RunConfig(
            storage_path=str(scratch / "stock"),
            verbose=0,
            callbacks=[MLflowLoggerCallback(tracking_uri=uri, experiment_name="stock")],
        ),
    ).fit()


def floor(trials: int, scratch: Path) -> None:
    space = {"beta": tune.loguniform(1, 1000), "lambda_growth": tune.uniform(1.0, 1.2)}
    tune.Tuner(
        FreeTrial,
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="mi_z0_y",
            mode="min",
            search_alg=OptunaSearch(seed=0),
            num_samples=trials,
            max_concurrent_trials=2,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            storage_path=str(scratch / "floor"),
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    ).fit()


def symray(trials: int, scratch: Path) -> tuple[float, float]:
    """The search with its records; seconds until all trials had ended, and until MLflow had all."""
    path = scratch / "free.yaml"
    path.write_text(STUDY.format(reports=REPORTS, trials=trials))
    (file,) = load_study_file(path)
    folder = scratch / "home" / file.study
    folder.mkdir(parents=True)
    began = time.perf_counter()
    with FileLease(folder) as lease:
        record = StudyRecord.create(file)
        record.add_event("launch", code="none", code_source=None)
        projector = Projector(record, lease, Progress())
        projector.start()
        search = Search(record, {}, Progress(), projector.on_change, lambda: False)
        run_tasks(search, file.resources, 2, 0, threading.Event(), trainable=FreeTask)
        searched = time.perf_counter() - began
        record.add_event("finish")
        projector.close(complete=False, stopping=threading.Event())
    return searched, time.perf_counter() - began


def timed(way: Callable[..., None], *given: object) -> float:
    began = time.perf_counter()
    way(*given)
    return time.perf_counter() - began


def measure(results: Results, options: Options) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trials = 2 if options.quick else options.trials
    seconds = {}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        os.environ["SYMRAY_HOME"] = str(scratch / "home")
        with mlflow_server(scratch) as uri:
            start_ray()
            floor(min(4, trials), scratch / "warm")  # Ray's own first start is nobody's cost
            seconds["Ray Tune, nothing tracked"] = timed(floor, trials, scratch)
            os.environ["MLFLOW_TRACKING_URI"] = uri
            searched, whole = symray(trials, scratch)
            seconds["symray, until the last trial ended"] = searched
            seconds["symray, until MLflow had everything"] = whole
            if not options.skip_stock:
                name = "Ray Tune + OptunaSearch + MLflowLoggerCallback"
                seconds[name] = timed(stock, trials, uri, scratch)
    table = results.table(
        "ways",
        f"{trials} trials of {REPORTS} reports, 2 at a time",
        *(Column("way"), Column("time", "s", ".1f"), Column("a trial", "s", ".2f")),
        Column("of symray's", "x", ".3g"),
    )
    for way, took in seconds.items():
        table.add(way, took, took / trials, took / whole)


def add_options(parser: Parser) -> None:
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--skip-stock", action="store_true", help="leave out what takes minutes")


if __name__ == "__main__":
    run(measure, add_options)
