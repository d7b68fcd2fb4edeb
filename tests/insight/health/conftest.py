"""Nights of a study: recorded without training, or trained for real in this process."""

import shutil
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState, create_trial
from typer.testing import CliRunner, Result

from symray.cli.main import app
from symray.insight.health import OF_TRIALS, Finding, health
from symray.record import jsonl
from symray.record.home import home
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.search.samplers import distributions
from symray.search.search import Search
from symray.study_file import load_study_file
from symray.tasks.task import Task
from symray.tasks.worker import TaskRun
from symray.training.spec import TrialSpec

SOUND = {
    "mi_z0_y": 0.2,
    "x_mae": 0.5,
    "y_mae": 1.0,
    "kl_z0": 1.5,
    "kl_z1": 3.0,
    "mi_z0_y_sampled": 0.1,
    "probe_r2": 0.2,
}
TERMS = {"train/kl": 4.5, "train/adversary_mi": 0.02}


class Night:
    """Writes what workers and the driver of a study would leave behind overnight.

    Trials are asked for ``at`` seconds after the evening, eight hours ago; their parameters are
    drawn well within their ranges, and their metrics get a little worse from trial to trial.
    """

    def __init__(self, record: StudyRecord) -> None:
        self.record = record
        self.evening = time.time() - 8 * 3600
        path = record.folder / "events.jsonl"
        events = [event | {"time": self.evening} for event in jsonl.read(path)]
        path.unlink()
        jsonl.append(path, events)
        self._random = np.random.default_rng(0)

    def fill(self, count: int = 20, **options: Any) -> None:
        """A night as it should be: two nodes of two workers each, one trial after another."""
        for number in range(count):
            slot, turn = number % 4, number // 4
            chosen = {"at": turn * 42.0, "host": f"node-{'ab'[slot // 2]}", "pid": 10 + slot}
            self.trial(**(chosen | options))

    def trial(
        self,
        params: Mapping[str, Any] | None = None,
        *,
        at: float = 0.0,
        host: str = "node-a",
        device: str = "cpu",
        gpus: int = 0,
        pid: int = 1,
        epoch: float = 10.0,
        epochs: int = 4,
        state: TrialState = TrialState.COMPLETE,
        metrics: Mapping[str, float] | None = None,
        terms: Mapping[str, float] | None = None,
        reason: str | None = None,
        code: str = "abc",
        lost: str | None = None,
        attrs: Mapping[str, Any] | None = None,
        begun: bool = True,
    ) -> int:
        """One more trial, ``epochs`` of it recorded; returns its number."""
        number = len(self.record.trials())
        inside = {"beta": float(10 ** self._random.uniform(0.5, 2.5))}
        inside["lambda_growth"] = float(self._random.uniform(1.03, 1.17))
        params = {**inside, **(params or {})}
        last = {**SOUND, "mi_z0_y": SOUND["mi_z0_y"] + number / 1000, **(metrics or {})}
        ended = state.is_finished()
        start = self.evening + at
        end = start + epochs * epoch
        known = {"metrics": last, "epochs": epochs, **(attrs or {})} if ended else {}
        known |= {"reason": reason} if reason else {}
        frozen = create_trial(
            params=params,
            distributions=distributions(self.record.file),
            values=[last[name] for name in self.record.file.objectives]
            if state == TrialState.COMPLETE
            else None,
            state=state,
            user_attrs=known,
        )
        frozen.datetime_start = datetime.fromtimestamp(start)
        frozen.datetime_complete = datetime.fromtimestamp(end) if ended else None
        self.record.optuna.add_trial(frozen)
        folder = self.record.trial_folder(number)
        spec = TrialSpec("stib", "artificial", self.record.file.settings(params), seed=number)
        Task(
            study=self.record.name,
            name=f"trial-{number:04d}",
            kind="trial",
            number=number,
            folder=str(folder),
            spec=spec.to_json(),
            tags={"symray.code": code},
        ).save()
        if not begun:
            return number
        event = {"event": "start", "attempt": 1, "epoch": 0, "time": start, "gpus": gpus}
        events = [event | {"host": host, "pid": pid, "device": device}]
        if lost is not None:
            events.append({"event": "worker lost", "time": start + epoch / 2, "reason": lost})
        if state == TrialState.FAIL:
            events.append({"event": "failed", "time": end, "epoch": epochs, "reason": reason})
        jsonl.append(folder / "events.jsonl", events)
        values = {**TERMS, **(terms or {}), "lambda": 0.7}
        lines = [
            {"epoch": n, "time": start + n * epoch, "values": values | last}
            for n in range(1, epochs + 1)
        ]
        jsonl.append(folder / "metrics.jsonl", lines)
        return number

    def found(self) -> dict[str, Finding]:
        """What looks wrong, by kind, without MLflow and the disk."""
        return {finding.kind: finding for finding in health(self.record, checks=OF_TRIALS)}


@pytest.fixture
def make_night(make_record: Callable[..., StudyRecord]) -> Callable[..., Night]:
    """Begins the night of a new study; overrides as after ``--set``."""
    return lambda *overrides: Night(make_record(*overrides))


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """A data set of numbers, Y a wave over X."""
    x = np.random.default_rng(0).uniform(-4, 4, (8000, 2))
    np.savez(tmp_path / "points.npz", x=x, y=np.sin(x.sum(axis=1, keepdims=True)))
    return tmp_path / "points.npz"


@pytest.fixture
def train(study_home: Path, tmp_path: Path) -> Callable[..., StudyRecord]:
    """Trains the study of a file's text, trial after trial in this process, without Ray or MLflow.

    Everything that is recorded comes from the search and from workers as in a running study.
    """

    def run(text: str, *overrides: str) -> StudyRecord:
        path = tmp_path / "trained.yaml"
        path.write_text(text)
        (file,) = load_study_file(path, overrides)
        shutil.rmtree(home() / file.study, ignore_errors=True)
        (home() / file.study).mkdir(parents=True)
        record = StudyRecord.create(file)
        record.add_event("launch", code="test", code_source=None)
        search = Search(record, {}, Progress(), lambda number: None, lambda: False)
        while (task := search.next()) is not None:
            worker = TaskRun(task)
            while (report := worker.advance()).outcome == "running":
                search.report(task, report)
            search.finish(task, report, None)
        record.add_event("finish")
        return record

    return run


@pytest.fixture
def symray() -> Callable[..., Result]:
    """Runs ``symray ARGUMENTS`` as a shell would."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def assert_told(symray: Callable[..., Result]) -> Callable[..., None]:
    """Checks that ``symray health`` names a fault by its cause and ``symray explain`` does too."""

    def check(study: str, kind: str, *words: str, trial: int | None = None) -> None:
        answer = symray("health", study)
        lines = [line for line in answer.stdout.splitlines() if f" {kind}: " in line]
        assert lines, answer.output
        assert all(any(word in line for line in lines) for word in words), lines
        assert answer.exit_code == any(
            line.startswith("severe") for line in answer.stdout.splitlines()
        )
        if trial is None:
            return
        story = symray("explain", study, trial)
        assert story.exit_code == 0
        told = [line for line in story.stdout.splitlines() if line.startswith(f"  {kind}: ")]
        assert told, story.stdout
        assert all(any(word in line for line in told) for word in words), told

    return check
