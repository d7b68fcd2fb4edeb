"""What tracking costs: 40 trials of 10 reports for nothing, 2 at a time, a real MLflow server.

Three ways in one run: plain Ray Tune + OptunaSearch + MLflowLoggerCallback as their documentation
has it; symray's seams; and Ray Tune with Optuna in memory and no tracking at all, with the same
reuse of actors and the same concurrency, as the floor. Run it alone on an idle machine:

    python benchmarks/tracking.py [--trials 40] [--skip-stock]
"""

import argparse
import contextlib
import importlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")

import optuna
from machine import machine
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch

from symray.record import jsonl
from symray.record.storage.file_lease import FileLease
from symray.record.study_record import StudyRecord
from symray.scheduling.cluster.attached import start_ray
from symray.scheduling.trainable import TaskTrainable
from symray.scheduling.tuning import run_tasks
from symray.search.progress import Progress
from symray.search.search import Search
from symray.study_file import load_study_file
from symray.tasks.task import Outcome, Report, Task
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


class FreeTask(TaskTrainable):
    """symray's trial without training: it keeps its record, and reports for nothing."""

    def setup(self, config: dict[str, Any]) -> None:
        super().setup(config)
        self.epoch = 0

    def _advance(self) -> dict[str, Report]:
        self.epoch += 1
        task: Task = self._config["task"]
        settings = task.spec["settings"]
        values = value(self.epoch, settings)
        line = {"epoch": self.epoch, "time": time.time(), "values": values}
        jsonl.append(Path(task.folder) / "metrics.jsonl", [line])
        outcome: Outcome = "complete" if self.epoch == settings["epochs"] else "running"
        return {task.name: Report(self.epoch, settings["epochs"], values, outcome)}


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


def symray(trials: int, scratch: Path) -> float:
    """The search with all its records; returns the seconds until MLflow had everything too."""
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
    print(f"  (until the last trial ended {searched:.1f} s)")
    return time.perf_counter() - began


@contextlib.contextmanager
def mlflow_server(scratch: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{scratch / 'mlflow.db'}", "--workers", "1"]
    command += ["--artifacts-destination", str(scratch / "artifacts")]
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with (scratch / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    uri = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{uri}/health", timeout=1)
                break
            time.sleep(0.1)
        yield uri
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--skip-stock", action="store_true", help="leave out what takes minutes")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        os.environ["SYMRAY_HOME"] = str(scratch / "home")
        with mlflow_server(scratch) as uri:
            start_ray()
            floor(4, scratch / "warm")  # Ray's own first start is nobody's cost
            seconds = {}
            began = time.perf_counter()
            floor(arguments.trials, scratch)
            seconds["Ray Tune, nothing tracked"] = time.perf_counter() - began
            os.environ["MLFLOW_TRACKING_URI"] = uri
            seconds["symray"] = symray(arguments.trials, scratch)
            if not arguments.skip_stock:
                began = time.perf_counter()
                stock(arguments.trials, uri, scratch)
                seconds["Ray Tune + OptunaSearch + MLflowLoggerCallback"] = (
                    time.perf_counter() - began
                )
    print(f"{arguments.trials} trials of {REPORTS} reports, 2 at a time")
    for what, took in seconds.items():
        ratio = took / seconds["symray"]
        print(f"{what:50s} {took:7.1f} s {took / arguments.trials:6.2f} s a trial {ratio:6.2f} x")


if __name__ == "__main__":
    main()
