import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from symray.driver.plan import decisions, plan
from symray.record.study_record import StudyRecord
from symray.search.first_trials import first_trials
from symray.search.samplers import make_pruner
from symray.search.search import Search
from symray.study_file import StudyFile, load_study_file

Load = Callable[..., StudyFile]
WriteStudy = Callable[[Path, str], Path]

GRID = (
    "search={beta: {choice: [10, 20]}, lambda_growth: {choice: [1.0, 1.1]}}",
    "sampler=grid",
    "reference=false",
)

TEXT = """\
study: planned
model: stib
data: artificial
training: {epochs: 30, hidden_width: 8, steps_per_epoch: 2}
search: {beta: {low: 1, high: 1000, log: true}, lambda_growth: {low: 1.0, high: 1.2}}
objectives: {x_mae: minimize}
trials: 7
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(*overrides: str) -> StudyFile:
        path = tmp_path / "planned.yaml"
        path.write_text(TEXT)
        return load_study_file(path, overrides)[0]

    return load


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("reference=false",),
        ("sampler=random", "seed=3"),
        GRID,
    ],
)
def test_the_first_trials_are_those_that_the_search_asks_for(
    overrides: tuple[str, ...],
    load: Load,
    make_record: Callable[..., StudyRecord],
    make_search: Callable[[StudyRecord], Search],
) -> None:
    search = make_search(make_record(*overrides))
    shown = first_trials(search.file)
    asked = [search.next() for _ in shown]
    assert len(shown) >= 3
    assert shown == [dict(search.record.trial(task.number).params) for task in asked if task]


def test_the_first_trials_are_those_that_a_study_had(finished_study: StudyRecord) -> None:
    assert first_trials(finished_study.file) == [t.params for t in finished_study.trials()]


def optunas_rungs(file: StudyFile, evaluated: list[int]) -> list[int]:
    """Epochs at which Optuna itself takes a trial that is always promoted up a rung."""
    study = optuna.create_study(study_name=file.study, pruner=make_pruner(file))
    trial = study.ask()
    rungs, taken = 0, []
    for epoch in evaluated:
        trial.report(1.0 / epoch, epoch)
        assert not trial.should_prune()
        attributes = study._storage.get_trial(trial._trial_id).system_attrs
        now = sum(name.startswith("completed_rung_") for name in attributes)
        if now > rungs:
            taken.append(epoch)
        rungs = now
    return taken


@pytest.mark.parametrize(
    "options", [{"warmup_epochs": 2}, {"warmup_epochs": 3, "reduction_factor": 2}, {}]
)
@pytest.mark.parametrize("every", [1, 4])
def test_decisions_of_successive_halving_are_optunas_rungs(
    options: dict[str, Any], every: int, load: Load
) -> None:
    pruner = json.dumps({"name": "successive_halving"} | options)
    file = load(f"pruner={pruner}", f"training.evaluate_every={every}")
    evaluated = [e for e in range(1, 31) if e % every == 0 or e == 30]
    open_to = [epoch for epoch in evaluated if epoch > file.pruner.warmup_epochs]
    assert decisions(file) == optunas_rungs(file, open_to)


def test_the_median_decides_after_every_evaluation_past_the_warm_up(load: Load) -> None:
    file = load("pruner={name: median, warmup_epochs: 20}", "training.evaluate_every=4")
    assert decisions(file) == [24, 28, 30]
    assert decisions(load()) == []


def test_totals(write_study: WriteStudy, tmp_path: Path) -> None:
    (file,) = load_study_file(
        write_study(tmp_path, "totals"),
        [
            "trials=7",
            "repeats=2",
            "training.epochs=30",
            "confirmation={top: 2, seeds: 4}",
            "resources={cpu: 2, gpu: 0.5}",
            "concurrency=3",
        ],
    )
    made = plan(file)
    cost, trainings = made.cost, 7 * 2 + 2 * 4
    assert (made.trial_epochs, made.confirmation_epochs) == (7 * 2 * 30, 2 * 4 * 30)
    seconds = trainings * (30 * cost.epoch_seconds + cost.last_seconds)
    assert made.seconds == pytest.approx(seconds)
    assert made.cpu_hours == pytest.approx(2 * seconds / 3600)
    assert made.gpu_hours == pytest.approx(0.5 * seconds / 3600)
    assert made.concurrency == min(3, made.workers)
    assert made.hours == pytest.approx(seconds / 3600 / made.concurrency)
    assert made.disk_bytes == 2 * (made.concurrency + 5 + 8) * cost.checkpoint_bytes
    assert json.loads(json.dumps(made.to_json()))["study"] == "totals"
