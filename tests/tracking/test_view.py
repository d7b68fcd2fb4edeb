"""The shared view is made of what the study file says; MLflow's UI opens it in test_ui_browser."""

import json
from pathlib import Path
from typing import Any

import pytest

from symray.study_file import StudyFile, load_study_file
from symray.study_file.options import Confirmation
from symray.tasks.task import Task
from symray.tracking.names import title
from symray.tracking.view import confirms_seeds, seeds_state, view_state

STUDY = """\
study: s
model: stib
data: artificial
search: {beta: {low: 1, high: 1000}}
objectives: {mi_z0_y: minimize}
constraints: ["x_mae <= 1", "y_mae <= 1"]
trials: 2
"""


@pytest.fixture
def file(tmp_path: Path) -> StudyFile:
    (tmp_path / "s.yaml").write_text(STUDY)
    (file,) = load_study_file(tmp_path / "s.yaml")
    return file


@pytest.fixture
def view(file: StudyFile) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(view_state(file))
    return content


def test_columns_are_what_counts_and_what_is_searched(view: dict[str, Any]) -> None:
    columns = view["selectedColumns"]
    assert columns[0] == "tags.`symray.rank`"
    assert view["orderByKey"] == "tags.`symray.order`"  # known before the study's end
    assert columns.index("metrics.`mi_z0_y`") < columns.index("metrics.`x_mae`")
    assert "params.`beta`" in columns
    assert len(set(columns)) == len(columns)


def test_charts_are_curves_parallel_coordinates_and_objective_against_bound(
    view: dict[str, Any],
) -> None:
    charts = view["compareRunCharts"]
    curves = [c["metricKey"] for c in charts if c["type"] == "LINE"]
    assert curves == ["mi_z0_y", "x_mae", "y_mae", "x_nats"]
    (parallel,) = (c for c in charts if c["type"] == "PARALLEL")
    assert (parallel["selectedParams"], parallel["selectedMetrics"]) == (["beta"], ["mi_z0_y"])
    (scatter,) = (c for c in charts if c["type"] == "SCATTER")
    assert (scatter["xaxis"]["key"], scatter["yaxis"]["key"]) == ("x_mae", "mi_z0_y")
    sections = {section["uuid"] for section in view["compareRunSections"]}
    assert {c["metricSectionId"] for c in charts} == sections


def test_every_heading_is_shown_whole(view: dict[str, Any]) -> None:
    assert set(view["columnWidths"]) == set(view["columnOrder"]) >= set(view["selectedColumns"])
    assert all(width >= 100 for width in view["columnWidths"].values())


def test_seeds_are_grouped_by_setting_where_there_are_several(file: StudyFile) -> None:
    assert confirms_seeds(file)  # three settings under five seeds by default
    seeds = json.loads(seeds_state(file))
    assert seeds["groupBy"]["groupByKeys"] == [{"mode": "tag", "groupByData": "symray.setting"}]
    assert seeds["searchFilter"] == "tags.`symray.kind` = 'confirmation'"
    assert {chart["type"] for chart in seeds["compareRunCharts"]} == {"LINE"}
    alone = file.model_copy(update={"confirmation": Confirmation(top=3, seeds=1)})
    assert not confirms_seeds(alone)
    columns = json.loads(view_state(file))["selectedColumns"]
    of_seeds = {"metrics.`validation/mi_z0_y/sd`", "metrics.`validation/n`"}
    assert of_seeds <= set(columns)
    assert not of_seeds & set(json.loads(view_state(alone))["selectedColumns"])


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("trial", "trial-0041", "#041 beta=40.12 depth=3"),
        ("confirmation", "confirm-0041-2", "#041 seed 2 beta=40.12 depth=3"),
        ("pretraining", "pretraining-ab12", "pretraining-ab12"),
    ],
)
def test_a_run_says_what_it_is(kind: Any, name: str, expected: str) -> None:
    task = Task("s", name, kind, 41, "", {})
    assert title(task, {"beta": 40.1234, "depth": 3}) == expected
