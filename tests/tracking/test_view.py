"""The shared view is made of what the study file says; MLflow's UI opens it in test_ui_browser."""

import json
from pathlib import Path
from typing import Any

import pytest

from symray.study_file import load_study_file
from symray.tasks.task import Task
from symray.tracking.names import title
from symray.tracking.view import view_state

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
def view(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "s.yaml").write_text(STUDY)
    (file,) = load_study_file(tmp_path / "s.yaml")
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
    assert [c["metricKey"] for c in charts if c["type"] == "LINE"] == ["mi_z0_y", "x_mae", "y_mae"]
    (parallel,) = (c for c in charts if c["type"] == "PARALLEL")
    assert (parallel["selectedParams"], parallel["selectedMetrics"]) == (["beta"], ["mi_z0_y"])
    (scatter,) = (c for c in charts if c["type"] == "SCATTER")
    assert (scatter["xaxis"]["key"], scatter["yaxis"]["key"]) == ("x_mae", "mi_z0_y")
    sections = {section["uuid"] for section in view["compareRunSections"]}
    assert {c["metricSectionId"] for c in charts} == sections


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
