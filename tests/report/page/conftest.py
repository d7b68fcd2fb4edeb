"""Studies as drivers and workers leave them, made up in no time."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

from symray.record import jsonl
from symray.record.home import home
from symray.record.study_record import StudyRecord
from symray.search.confirmation import _statistics
from symray.search.samplers import distributions
from symray.study_file import load_study_file
from symray.tasks.task import Task
from symray.training.spec import TrialSpec

ToldStudy = Callable[..., StudyRecord]


@pytest.fixture
def told_study(study_home: Path) -> ToldStudy:
    """Makes a complete study whose metrics are told: ``x_mae`` by seed of its confirmation.

    Every fourth trial failed; the others take 2 epochs of 30 s each.
    """

    def make(
        name: str, model: str = "stib", trials: int = 8, x_mae: dict[int, float] | None = None
    ) -> StudyRecord:
        seeds = x_mae or {11: 0.5, 12: 0.6, 13: 0.7}
        values = {
            "study": name,
            "model": model,
            "data": "artificial",
            "search": {
                "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
                "lambda_growth": {"low": 1.0, "high": 1.2},
            },
            "sampler": "random",
            "objectives": {"mi_z0_y": "minimize"},
            "constraints": ["x_mae <= 0.65", "y_mae <= 2"],
            "reference": False,
            "trials": trials,
            "confirmation": {"top": 1, "seeds": len(seeds)},
        }
        (file,) = load_study_file(values)
        (home() / name).mkdir(parents=True)
        record = StudyRecord.create(file)
        record.add_event("launch", code="test", code_source=None)
        draw = np.random.default_rng(0)
        for number in range(trials):
            trial = record.optuna.ask(distributions(file))
            metrics = _metrics(float(draw.uniform(0.4, 0.8)), trial.params)
            _train(record, f"trials/{number:04d}", "trial", number, number, trial.params, metrics)
            trial.set_user_attr("epochs", 2)
            if number % 4 == 3:
                trial.set_user_attr("reason", "diverged")
                record.optuna.tell(trial, None, state=TrialState.FAIL)
            else:
                trial.set_user_attr("metrics", metrics)
                record.optuna.tell(trial, metrics["mi_z0_y"])
        _confirm(record, seeds)
        record.add_event("finish")
        return record

    return make


def _confirm(record: StudyRecord, seeds: dict[int, float]) -> None:
    params = record.trial(0).params
    finals = [_metrics(value, params) for value in seeds.values()]
    for index, (seed, metrics) in enumerate(zip(seeds, finals, strict=True)):
        name = f"confirmation/0000-{index}"
        _train(record, name, "confirmation", 0, seed, params, metrics)
        folder = record.folder / name
        jsonl.append(folder / "outcome.jsonl", [{"state": "COMPLETE", "reason": None, "time": 0}])
        (folder / "test.json").write_text(json.dumps(metrics))
    stats = _statistics(finals)
    content = {
        "candidates": [
            {"number": 0, "n": len(seeds), "failed": 0, "validation": stats, "feasible": True}
        ],
        "winner": 0,
        "test": stats,
        "champion": "0000-0",
        "test_evaluations": 1,
    }
    (record.folder / "confirmation.json").write_text(json.dumps(content))


def _metrics(x_mae: float, params: dict[str, float]) -> dict[str, float]:
    return {"x_mae": x_mae, "y_mae": 1.0, "mi_z0_y": 50 * params["learning_rate"] + x_mae}


def _train(
    record: StudyRecord,
    place: str,
    kind: str,
    number: int,
    seed: int,
    params: dict[str, float],
    metrics: dict[str, float],
) -> None:
    folder = record.folder / place
    spec = TrialSpec(record.file.model, "artificial", record.file.settings(params), seed=seed)
    Task(
        study=record.name,
        name=place.replace("/", "-"),
        kind=kind,  # type: ignore[arg-type]
        number=number,
        folder=str(folder),
        spec=spec.to_json(),
        tags={"symray.code": "abc", "symray.commit": "1234567", "symray.data_key": "k"},
    ).save()
    start = {"event": "start", "time": 1000.0, "host": "node-1", "device": "cpu", "epoch": 0}
    own_process = len(list(record.folder.glob("*/*/task.json")))
    start |= {"attempt": 1, "pid": own_process}
    jsonl.append(folder / "events.jsonl", [start])
    lines = [{"epoch": e, "time": 1000.0 + 30 * e, "values": metrics} for e in (1, 2)]
    jsonl.append(folder / "metrics.jsonl", lines)
