"""How a study is to be looked at: MLflow's shared view of its experiment.

MLflow's UI (3.17) keeps the state of a shared view as JSON in the experiment's tag
``mlflow.sharedViewState.KEY`` and opens it by ``viewStateShareKey=KEY``.
"""

import json
from collections.abc import Iterator
from typing import Any

from symray.study_file import StudyFile
from symray.tracking.links import VIEW_KEY
from symray.tracking.names import SETTING
from symray.tracking.run_contents import ORDER

VIEW = f"mlflow.sharedViewState.{VIEW_KEY}"
"""The experiment's tag."""

_SECTION = "symray"

_GROUPS = {
    "aggregateFunction": "average",
    "groupByKeys": [{"mode": "tag", "groupByData": SETTING}],
}

_SHOWN = ("x_mae", "y_mae", "mi_z0_y_sampled", "mi_z0_y", "mi_z0_y_floor", "probe_r2")


def view_state(file: StudyFile, grouped: bool = False) -> str:
    """The JSON of a study's view: its runs sorted by rank, what was searched, what counts.

    Args:
        file: the study's.
        grouped: seeds of one setting stand together above the trials, under a row with their means.
            MLflow knows no standard deviation; that is a metric of the setting's trial.
    """
    bounded = [constraint.metric for constraint in file.constraints]
    metrics = list(dict.fromkeys([*file.objectives, *bounded, *_SHOWN, "epoch"]))
    columns = [
        *(_column("tags", f"symray.{name}") for name in ("rank", "state", "feasible", "role")),
        *(_column("metrics", name) for name in metrics),
        *(_column("metrics", name) for name in (_of_seeds(file) if grouped else ())),
        *(_column("params", name) for name in file.search),
        _column("attributes", "Duration"),
        _column("tags", "symray.host"),
        _column("attributes", "Dataset"),
        _column("attributes", "Models"),
    ]
    state = {
        "searchFilter": "",
        "orderByKey": _column("tags", ORDER),
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
        "columnOrder": columns,
        "columnWidths": {},
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
        "groupBy": _GROUPS if grouped else None,
        "groupsExpanded": {f"tag.{SETTING}": True},  # what has no such tag: the trials
        "autoRefreshEnabled": True,
        "globalLineChartConfig": {
            "xAxisKey": "step",
            "lineSmoothness": 0,
            "selectedXAxisMetricKey": "",
        },
        "compareRunCharts": list(_charts(file)),
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
    return json.dumps(state)


def _of_seeds(file: StudyFile) -> Iterator[str]:
    for name in file.objectives:
        yield from (f"validation/{name}/mean", f"validation/{name}/sd")
    yield "validation/n"


def _charts(file: StudyFile) -> list[dict[str, Any]]:
    objective = next(iter(file.objectives))
    bounded = [constraint.metric for constraint in file.constraints]
    curves = list(dict.fromkeys([objective, *bounded]))
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


def _column(kind: str, name: str) -> str:
    return f"{kind}.`{name}`"
