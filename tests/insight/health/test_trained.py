"""Faults of studies that are really trained, and studies without any."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState
from typer.testing import Result

from symray.driver.launch import launch
from symray.insight.health import OF_TRIALS, health
from symray.insight.health.misleading import mean_codes
from symray.record.study_record import StudyRecord
from symray.record.task_folder import task_events
from symray.search.progress import Progress
from symray.study_file import load_study_file
from symray.tasks.task import Report, Task
from symray.tracking.projector import reconcile

AssertTold = Callable[..., None]
Train = Callable[..., StudyRecord]
Symray = Callable[..., Result]

QUICKSTART = Path(__file__).parents[3] / "studies" / "quickstart.yaml"

SMALL = """\
study: small
model: stib
data: {npz: points.npz}
training: {epochs: 2, steps_per_epoch: 5, batch_size: 32, hidden_width: 8, learning_rate: 1.0e-3}
search:
  beta: {low: 1, high: 1000, log: true}
reference: false
objectives: {mi_z0_y: minimize}
constraints: ["x_mae <= 100", "y_mae <= 100"]
trials: 3
confirmation: {top: 0}
"""

OWN_MODEL = '''
from symray.models.vae import VAE

class Fragile(VAE):
    """Can't be trained above a weight."""

    def loss(self, phase, batches, noise, hp):
        if hp["y_weight"].item() > 5:
            raise IndexError(f"batch {id(batches)} has no column {int(hp['y_weight'])}")
        return super().loss(phase, batches, noise, hp)
'''


def test_a_healthy_quickstart(
    train: Train, embedded_store: MlflowClient, symray: Symray, assert_told: AssertTold
) -> None:
    record = train(
        QUICKSTART.read_text(),
        "training={epochs: 2, steps_per_epoch: 80, hidden_width: 64}",
        'constraints=["x_mae <= 100", "y_mae <= 100"]',
        "trials=3",
    )
    checks = [check for check in OF_TRIALS if check is not mean_codes]  # two epochs tell nothing
    assert health(record, checks=checks) == []
    assert_told("quickstart", "MLflow", "in 3 runs of 3")  # nobody has written any
    reconcile(record)
    assert {finding.kind for finding in health(record)} <= {"mean codes"}
    answer = symray("health", "quickstart", "--json")
    assert answer.exit_code == 0


def test_a_learning_schedule_that_diverges(
    train: Train, points: Path, assert_told: AssertTold
) -> None:
    record = train(
        SMALL,
        "search={beta: null, lambda_growth: {low: 1, high: 1.0e+80, log: true}}",
        "trials=12",
        "sampler=random",
    )
    failed = [trial.number for trial in record.trials(TrialState.FAIL)]
    assert 2 < len(failed) < 10
    words = ("diverged: ", "mostly those with lambda_growth >= ", "lambda_max")
    assert_told("small", "failures", *words, trial=failed[0])


def test_constraints_that_nothing_keeps(
    train: Train, points: Path, assert_told: AssertTold
) -> None:
    train(SMALL, 'constraints=["x_mae <= 0.001", "y_mae <= 100"]')
    words = ("0 of 3 completed trials keep", "x_mae <= 0.001 rules out most, 3; the closest has")
    assert_told("small", "feasible", *words, trial=2)


@pytest.mark.slow
def test_a_bound_that_cuts_the_best_off(
    train: Train, points: Path, assert_told: AssertTold, symray: Symray
) -> None:
    record = train(
        SMALL,
        "model=vae",
        "training={epochs: 1, steps_per_epoch: 200, hidden_width: 16, learning_rate: null}",
        "training.lambda_initial=100",
        "search={beta: null, learning_rate: {low: 1.0e-6, high: 1.0e-3, log: true}}",
        "objectives={mi_z0_y: null, x_mae: minimize}",
        "trials=24",
    )
    (found,) = [f for f in health(record, checks=OF_TRIALS) if f.kind == "at a bound"]
    words = ("learning_rate", "the upper end of its range 1e-06 to 0.001")
    assert_told("small", "at a bound", *words, trial=found.trials[0])
    _, *arguments = shlex.split(found.command)
    assert symray(*arguments, "--dry-run").exit_code == 0


def test_an_adversary_that_does_not_learn(
    train: Train, points: Path, assert_told: AssertTold
) -> None:
    training = "{steps_per_epoch: 150, batch_size: 64, hidden_width: 16, learning_rate: 1.0e-2"
    record = train(
        SMALL,
        f"training={training}, lambda_initial: 1000, adversary_learning_rate: 1.0e-12}}",
        "search.beta={low: 1, high: 10, log: true}",
        "objectives={mi_z0_y: null, mi_z0_y_sampled: minimize}",
    )
    (found,) = [f for f in health(record, checks=OF_TRIALS) if f.kind == "blind adversary"]
    words = ("sees nothing of Y", "a probe predicts Y", "raise adversary_learning_rate")
    assert_told("small", "blind adversary", *words, trial=found.trials[0])


def test_a_weight_of_the_kl_that_collapses_the_latents(
    train: Train, points: Path, assert_told: AssertTold
) -> None:
    train(
        SMALL,
        "model=beta_vae",
        "training={steps_per_epoch: 60, learning_rate: 1.0e-2}",
        "search.beta={low: 1000, high: 100000, log: true}",
        "objectives={mi_z0_y: null, x_mae: minimize}",
        'constraints=["x_mae <= 100"]',
    )
    words = ("of 3 of 3 completed trials have collapsed", "lower beta")
    assert_told("small", "collapsed latents", *words, trial=1)


def test_a_model_of_ones_own_that_raises(
    train: Train, points: Path, tmp_path: Path, assert_told: AssertTold, symray: Symray
) -> None:
    package = tmp_path / "fragile_ward"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(OWN_MODEL)
    record = train(
        SMALL,
        "model=fragile_ward.models:Fragile",
        f"code={package}",
        "search={beta: null, y_weight: {choice: [1, 6, 7]}}",
        "sampler=grid",
    )
    assert [trial.state.name for trial in record.trials()] == ["COMPLETE", "FAIL", "FAIL"]
    words = ("2 of 3 ended trials failed alike", "IndexError: batch", "has no column")
    assert_told("small", "failures", *words, trial=2)
    (found,) = [f for f in health(record, checks=OF_TRIALS) if f.kind == "failures"]
    assert found.command == "symray logs small 2"


@pytest.mark.slow
def test_a_driver_that_is_killed(
    study_home: Path, tmp_path: Path, points: Path, assert_told: AssertTold
) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("epochs: 2", "epochs: 5000"))
    command = [sys.executable, "-c", "from symray.cli.main import main; main()", "launch"]
    with (tmp_path / "log").open("wb") as log:
        arguments = [*command, str(path), "--set", "concurrency=1"]
        driver = subprocess.Popen(arguments, stdout=log, stderr=log, start_new_session=True)
    events = study_home / "small" / "trials" / "0000" / "events.jsonl"
    end = time.monotonic() + 180
    while not events.exists() and time.monotonic() < end:
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    words = ("its driver is gone", "trial 0 unfinished, 3 trials of 3 left")
    assert_told("small", "interrupted", *words, trial=0)
    (found,) = [f for f in health(StudyRecord.open("small")) if f.kind == "interrupted"]
    assert (found.severity, found.command) == ("severe", "symray resume small")


@pytest.mark.slow
def test_a_worker_that_is_killed(
    study_home: Path, tmp_path: Path, points: Path, assert_told: AssertTold
) -> None:
    killed: list[int] = []

    class Killing(Progress):
        def on_epoch(self, task: Task, report: Report) -> None:
            if report.epoch == 2 and not killed:
                killed.append(task_events(Path(task.folder))[-1]["pid"])
                os.kill(killed[0], signal.SIGKILL)

    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    overrides = ("training.epochs=6", "trials=1", "checkpoints.every=0s")
    (file,) = load_study_file(path, overrides)
    record = launch(file, Killing(), threading.Event())
    host = task_events(record.trial_folder(0))[0]["host"]
    assert_told("small", "lost workers", f"{host} lost 1 worker in 2 starts", "died", trial=0)
