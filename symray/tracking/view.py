"""How a study is to be looked at: MLflow's shared view of its experiment.

MLflow's UI (3.17) keeps the state of a shared view as JSON in the experiment's tag
``mlflow.sharedViewState.KEY`` and opens it by ``viewStateShareKey=KEY``.
"""

import json
from typing import Any

from symray.study_file import StudyFile
from symray.tracking.links import SEEDS_KEY, VIEW_KEY
from symray.tracking.names import SETTING
from symray.tracking.run_contents import ORDER

VIEW = f"mlflow.sharedViewState.{VIEW_KEY}"
"""The experiment's tag of the view that ``symray ui`` opens."""

SEEDS_VIEW = f"mlflow.sharedViewState.{SEEDS_KEY}"
"""That of the confirmation's runs by settings."""

_SECTION = "symray"

_SHOWN = ("x_mae", "y_mae", "mi_z0_y_sampled", "mi_z0_y", "mi_z0_y_floor", "probe_r2")
_RECONSTRUCTION = ("x_mae", "x_nats")
_SEEDS = ("mean", "sd")

_LEFT = {"attributes.`Run Name`": 300, "runDateAndNestInfo": 150}
"""Columns that always stand on the left, and their widths in pixels."""


def confirms_seeds(file: StudyFile) -> bool:
    """Whether settings of a study are trained under several seeds, a run each."""
    return file.confirmation.top > 0 and file.confirmation.seeds > 1


def view_state(file: StudyFile) -> str:
    """The JSON of a study's view: its runs sorted by rank, what was searched, what counts."""
    bounded = [constraint.metric for constraint in file.constraints]
    metrics = [*file.objectives, *bounded, *_SHOWN, "epoch"]
    if confirms_seeds(file):
        seeds = (f"validation/{name}/{which}" for name in file.objectives for which in _SEEDS)
        metrics += [*seeds, "validation/n"]
    columns = [
        *(_column("tags", f"symray.{name}") for name in ("rank", "state", "feasible", "role")),
        *(_column("metrics", name) for name in dict.fromkeys(metrics)),
        *(_column("params", name) for name in file.search),
        _column("attributes", "Duration"),
        _column("tags", "symray.host"),
        _column("attributes", "Dataset"),
        _column("attributes", "Models"),
    ]
    return json.dumps(_state(columns) | {"compareRunCharts": list(_charts(file))})


def seeds_state(file: StudyFile) -> str:
    """The JSON of the view of a confirmation: its runs by setting, each below the seeds' means.

    MLflow's groups have no standard deviations: those are metrics of the setting's own trial.
    """
    bounded = [constraint.metric for constraint in file.constraints]
    metrics = dict.fromkeys([*file.objectives, *bounded, *_SHOWN])
    columns = [
        *(_column("metrics", name) for name in metrics),
        *(_column("tags", f"symray.{name}") for name in ("seed", "state", "host")),
        _column("attributes", "Duration"),
    ]
    groups = [{"mode": "tag", "groupByData": SETTING}]
    special = {
        "searchFilter": "tags.`symray.kind` = 'confirmation'",
        "groupBy": {"aggregateFunction": "average", "groupByKeys": groups},
        "compareRunCharts": [chart for chart in _charts(file) if chart["type"] == "LINE"],
    }
    return json.dumps(_state(columns) | special)


def _state(columns: list[str]) -> dict[str, Any]:
    """A view without charts, sorted as ranks do."""
    return {
        "searchFilter": "",
        "orderByKey": _column("tags", ORDER),
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
        "columnOrder": [*_LEFT, *columns],
        "columnWidths": _LEFT | {column: _width(column) for column in columns},
        "runsExpanded": {},
        "runsPinned": [],
        "runsHidden": [],
        "runsVisibilityMap": {},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": True,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "autoRefreshEnabled": True,
        "globalLineChartConfig": {
            "xAxisKey": "step",
            "lineSmoothness": 0,
            "selectedXAxisMetricKey": "",
        },
        "compareRunSections": [
            {
                "uuid": _SECTION,
                "name": "The study",
                "display": True,
                "isReordered": True,
                "deleted": False,
                "isGenerated": False,
            }
        ],
    }


def _charts(file: StudyFile) -> list[dict[str, Any]]:
    objective = next(iter(file.objectives))
    bounded = [constraint.metric for constraint in file.constraints]
    curves = dict.fromkeys([objective, *bounded, *_RECONSTRUCTION])  # without values: not drawn
    charts = [
        {
            "type": "LINE",
            "metricKey": name,
            "selectedMetricKeys": [name],
            "lineSmoothness": 0,
            "xAxisScaleType": "linear",
            "scaleType": "linear",
            "range": {},
            "xAxisKey": "step",
            "selectedXAxisMetricKey": "",
            "useGlobalXaxisKey": True,
            "useGlobalLineSmoothness": True,
            "runsCountToCompare": 10,
        }
        for name in curves
    ]
    charts.append(
        {
            "type": "PARALLEL",
            "selectedParams": list(file.search),
            "selectedMetrics": [objective],
            "showAllRuns": True,
            "runsCountToCompare": 1000,
        }
    )
    if bounded:
        charts.append(
            {
                "type": "SCATTER",
                "xaxis": {"key": bounded[0], "type": "METRIC"},
                "yaxis": {"key": objective, "type": "METRIC"},
                "runsCountToCompare": 1000,
            }
        )
    same = {"metricSectionId": _SECTION, "deleted": False, "isGenerated": False}
    return [chart | same | {"uuid": f"{_SECTION}-{i}"} for i, chart in enumerate(charts)]


def _width(column: str) -> int:
    """Pixels that show a heading whole; MLflow's own are 100."""
    return max(100, 30 + 8 * len(column.split("`")[1]))


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{name}`"
