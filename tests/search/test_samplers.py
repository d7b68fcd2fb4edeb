"""The contract that every sampler of the study file keeps, and what the pruners are made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import create_trial

from symray.search.samplers import distributions, grid, make_pruner, make_sampler
from symray.study_file import StudyFile, load_study_file
from symray.study_file.options import SamplerName

SPACE = """\
study: sampled
model: stib
data: artificial
training: {epochs: 20}
search:
  beta: {low: 1, high: 1000, log: true}
  lambda_growth: {low: 1.0, high: 1.2, step: 0.05}
  adversary_steps: {low: 1, high: 5, step: 2}
  batch_size: {choice: [32, 64, 256]}
constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]
reference: false
"""
GRID = (
    "sampler=grid",
    "search={beta: {choice: [400, 4, 40], low: null, high: null, log: null}, batch_size: null}",
)
SAMPLERS = [name for name in get_args(SamplerName) if name != "grid"]  # its points are enqueued

MakeFile = Callable[..., StudyFile]


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    def make(*overrides: str) -> StudyFile:
        path = tmp_path / "sampled.yaml"
        path.write_text(SPACE)
        (file,) = load_study_file(path, overrides)
        return file

    return make


def with_sampler(make_file: MakeFile, name: str) -> StudyFile:
    """The study under sampler ``name``; CMA-ES knows no choices."""
    without_choice = ["search={batch_size: null}"] if name == "cmaes" else []
    return make_file(f"sampler={name}", *without_choice)


def suggest(file: StudyFile, seed: int, history: int) -> dict[str, Any]:
    """What a fresh sampler suggests after ``history`` trials that are always the same."""
    study = optuna.create_study(sampler=make_sampler(file, seed))
    known = distributions(file)
    for number in range(history):
        params = {
            "beta": 10.0 ** (number % 4 * 0.7),
            "lambda_growth": 1.0 + 0.05 * (number % 5),
            "adversary_steps": 1 + 2 * (number % 3),
            "batch_size": (32, 64, 256)[number % 3],
        }
        params = {key: params[key] for key in known}
        value = abs(params["beta"] - 30) + number % 3
        study.add_trial(create_trial(params=params, distributions=known, value=value))
    return study.ask(known).params


def test_the_space_is_the_study_files(make_file: MakeFile) -> None:
    assert distributions(make_file()) == {
        "beta": FloatDistribution(1, 1000, log=True),
        "lambda_growth": FloatDistribution(1.0, 1.2, step=0.05),
        "adversary_steps": IntDistribution(1, 5, step=2),
        "batch_size": CategoricalDistribution((32, 64, 256)),
    }


@pytest.mark.parametrize("history", [0, 12])
@pytest.mark.parametrize("name", SAMPLERS)
def test_seed_and_history_decide_the_suggestion(
    make_file: MakeFile, name: str, history: int
) -> None:
    file = with_sampler(make_file, name)
    first = suggest(file, 1, history)
    assert suggest(file, 1, history) == first
    assert suggest(file, 2, history) != first


@pytest.mark.parametrize("name", SAMPLERS)
def test_suggestions_lie_in_the_space(make_file: MakeFile, name: str) -> None:
    file = with_sampler(make_file, name)
    for seed in range(2 if name == "gp" else 20):
        params = suggest(file, seed, 12)
        assert set(params) == set(file.search)
        assert all(value in file.search[key] for key, value in params.items()), params


def test_options_reach_the_samplers(make_file: MakeFile) -> None:
    startup = make_file("sampler={name: tpe, startup_trials: 40}")
    random = make_file("sampler=random")
    assert suggest(startup, 3, 12) == suggest(random, 3, 12)  # still random after twelve
    assert suggest(make_file("sampler=tpe"), 3, 12) != suggest(random, 3, 12)
    nsga2 = make_sampler(make_file("sampler={name: nsga2, population_size: 7}"), 0)
    assert nsga2._population_size == 7


@pytest.mark.parametrize(
    ("pruner", "kind", "attributes"),
    [
        ("none", optuna.pruners.NopPruner, {}),
        ("{name: median, warmup_epochs: 4}", optuna.pruners.MedianPruner, {"_n_warmup_steps": 4}),
        (
            "{name: successive_halving, warmup_epochs: 4, reduction_factor: 2}",
            optuna.pruners.SuccessiveHalvingPruner,
            {"_min_resource": 4, "_reduction_factor": 2},
        ),
        (
            "{name: successive_halving, warmup_epochs: 0}",
            optuna.pruners.SuccessiveHalvingPruner,
            {"_min_resource": 1, "_reduction_factor": 3},
        ),
        (
            "{name: hyperband, warmup_epochs: 2}",
            optuna.pruners.HyperbandPruner,
            {"_min_resource": 2, "_max_resource": 20, "_reduction_factor": 3},
        ),
    ],
)
def test_pruners_are_made_as_the_file_says(
    make_file: MakeFile, pruner: str, kind: type, attributes: dict[str, Any]
) -> None:
    made = make_pruner(make_file(f"pruner={pruner}"))
    assert type(made) is kind
    assert {name: getattr(made, name) for name in attributes} == attributes


@pytest.mark.parametrize("name", ["median", "successive_halving", "hyperband"])
def test_a_trial_that_falls_behind_is_pruned_after_the_warmup_only(
    make_file: MakeFile, name: str
) -> None:
    file = make_file(f"pruner={{name: {name}, warmup_epochs: 4}}")
    study = optuna.create_study(
        study_name="s", sampler=make_sampler(file, 0), pruner=make_pruner(file)
    )
    for _ in range(30):
        good = study.ask()
        for epoch in range(1, 21):
            good.report(1.0, epoch)
            assert not good.should_prune()
        study.tell(good, 1.0)
    bad = study.ask()
    pruned_in = None
    for epoch in range(1, 21):
        bad.report(9.0, epoch)
        if bad.should_prune():
            pruned_in = epoch
            break
    assert pruned_in is not None
    assert pruned_in >= 4


def test_a_grid_runs_through_the_files_order_with_the_last_parameter_fastest(
    make_file: MakeFile,
) -> None:
    file = make_file(*GRID)
    growth = [1.0, 1.05, 1.1, 1.15, 1.2]
    expected = [
        (beta, lambda_growth, steps)
        for beta in (400, 4, 40)
        for lambda_growth in growth
        for steps in (1, 3, 5)
    ]
    found = list(grid(file))
    assert len(found) == file.trials == 45
    for point, (beta, lambda_growth, steps) in zip(found, expected, strict=True):
        assert list(point) == ["beta", "lambda_growth", "adversary_steps"]
        assert (point["beta"], point["adversary_steps"]) == (beta, steps)
        assert point["lambda_growth"] == pytest.approx(lambda_growth)


def test_a_grid_studys_points_are_enqueued_and_its_sampler_is_never_asked_for_more(
    make_file: MakeFile,
) -> None:
    assert isinstance(make_sampler(make_file(*GRID), 0), optuna.samplers.RandomSampler)


@pytest.mark.parametrize("objectives", ["", "objectives={mi_z0_y: minimize, x_mae: minimize}"])
@pytest.mark.parametrize("history", [0, 1, 3, 40])
def test_tpe_over_the_known_space_suggests_what_optunas_does(
    make_file: MakeFile, history: int, objectives: str
) -> None:
    file = make_file(
        "sampler={name: tpe, startup_trials: 2}", *([objectives] if objectives else [])
    )
    plain = optuna.samplers.TPESampler(seed=5, n_startup_trials=2)
    suggested = []
    for sampler in (make_sampler(file, 5), plain):
        study = optuna.create_study(directions=list(file.objectives.values()))
        study.sampler = optuna.samplers.RandomSampler(seed=0)
        for number in range(history):
            trial = study.ask(distributions(file))
            values = [(number * 7 % 5) + value for value, _ in enumerate(file.objectives)]
            study.tell(trial, values)
        study.sampler = sampler
        suggested.append(study.ask(distributions(file)).params)
    assert suggested[0] == suggested[1]
