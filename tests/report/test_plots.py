"""The page of Optuna's plots, for every number of trials and objectives."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

from symray.record.study_record import StudyRecord
from symray.report.plots import write_plots
from symray.search.samplers import distributions
from symray.tasks.task import Task

MakeRecord = Callable[..., StudyRecord]
AddTrial = Callable[..., Task]

ONE = "objectives={mi_z0_y: minimize}"
SEVERAL = "objectives={mi_z0_y: minimize, z0_gain: maximize}"
HISTORY, PARALLEL = "Optimization History Plot", "Parallel Coordinate Plot"
IMPORTANCES, PARETO = "Hyperparameter Importances", "Pareto-front Plot"


def titles(page: str) -> dict[str, int]:
    return {
        name: page.count(f'"text":"{name}') for name in (HISTORY, PARALLEL, IMPORTANCES, PARETO)
    }


def page_of(record: StudyRecord, folder: Path) -> str:
    write_plots(record, folder / "new" / "plots.html")
    return (folder / "new" / "plots.html").read_text()


@pytest.mark.parametrize("objectives", [ONE, SEVERAL])
def test_before_the_first_completed_trial_the_page_says_so(
    make_record: MakeRecord, add_trial: AddTrial, tmp_path: Path, objectives: str
) -> None:
    record = make_record(objectives)
    add_trial(record, TrialState.PRUNED, mi_z0_y=0.1, z0_gain=1.0)
    page = page_of(record, tmp_path)
    assert "No trial has been completed yet." in page
    assert "plotly" not in page.lower()


@pytest.mark.parametrize("objectives", [ONE, SEVERAL])
@pytest.mark.parametrize("trials", [1, 2, 12])
def test_a_page_of_all_plots_that_so_many_trials_allow(
    make_record: MakeRecord, add_trial: AddTrial, tmp_path: Path, objectives: str, trials: int
) -> None:
    record = make_record(objectives)
    for number in range(trials):
        add_trial(record, mi_z0_y=1 / (1 + number), z0_gain=number**0.5)
    add_trial(record, TrialState.FAIL, mi_z0_y=0.1, z0_gain=1.0)
    page = page_of(record, tmp_path)
    each = 2 if objectives == SEVERAL else 1
    assert titles(page) == {
        HISTORY: each,
        PARALLEL: each,
        IMPORTANCES: each if trials > 1 else 0,
        PARETO: each - 1,
    }
    for name in record.file.objectives if trials > 1 else ():
        assert f'"text":"{IMPORTANCES} for {name}"' in page
    assert page.count("plotly.js v") == 1  # the library itself, once: no network is needed
    assert "cdn.plot.ly" not in page.split("<body>")[0]
    assert f"<title>{record.name}</title>" in page


def importances(page: str) -> list[dict[str, float]]:
    """The bars of each plot of importances."""
    bars = re.findall(r'"x":(\[[^]]*\]),"y":(\[[^]]*\]),"type":"bar"', page)
    return [dict(zip(json.loads(y), json.loads(x), strict=True)) for x, y in bars]


def test_importances_are_those_for_the_better_end_of_an_objective(
    make_record: MakeRecord,
    add_trial: AddTrial,
    tmp_path: Path,
    recwarn: pytest.WarningsRecorder,
) -> None:
    """What makes z0_gain high is lambda_growth, what makes it low is beta."""
    record = make_record(SEVERAL)
    alone = optuna.create_study(direction="maximize")
    rng = np.random.default_rng(0)
    for _ in range(40):
        params = {"beta": 1000 ** rng.random(), "lambda_growth": 1 + 0.2 * rng.random()}
        gain = 10.0 if params["lambda_growth"] > 1.18 else float(params["beta"] > 2)
        record.optuna.enqueue_trial(params)
        add_trial(record, mi_z0_y=rng.random(), z0_gain=gain)
        space = distributions(record.file)
        alone.add_trial(create_trial(params=params, distributions=space, value=gain))
    _, shown = importances(page_of(record, tmp_path))
    assert not [warning for warning in recwarn if "low `target`" in str(warning.message)]
    assert shown == pytest.approx(optuna.importance.get_param_importances(alone))
    assert shown["lambda_growth"] > shown["beta"]


def test_trials_that_all_came_out_equal_have_no_importances(
    make_record: MakeRecord, add_trial: AddTrial, tmp_path: Path
) -> None:
    record = make_record(ONE)
    for _ in range(4):
        add_trial(record, mi_z0_y=0.5)
    assert titles(page_of(record, tmp_path))[IMPORTANCES] == 0
