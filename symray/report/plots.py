"""Optuna's own plots of a study, on one page that needs no network."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from optuna import visualization

from symray.record.study_record import StudyRecord
from symray.record.trials import TrialState


def write_plots(record: StudyRecord, path: Path) -> None:
    """Write the history, importances, parallel coordinates and, for several objectives, the
    Pareto front to one HTML page; plots that need more trials than there are stay out.
    """
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=index == 0)
        for index, figure in enumerate(_figures(record))
    ]
    body = "\n".join(parts) or "<p>No trial has been completed yet.</p>"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html><html><head><meta charset="utf-8"><title>{record.name}</title></head>'
        f"<body>{body}</body></html>"
    )


def _figures(record: StudyRecord) -> Iterator[Any]:
    study, names = record.optuna, list(record.file.objectives)
    complete = record.trials(TrialState.COMPLETE)
    if not complete:
        return
    if len(names) > 1:
        yield visualization.plot_pareto_front(study, target_names=names)
    for index, name in enumerate(names):
        target = _objective(index) if len(names) > 1 else None
        yield visualization.plot_optimization_history(study, target=target, target_name=name)
        yield visualization.plot_parallel_coordinate(study, target=target, target_name=name)
        varied = any(trial.params != complete[0].params for trial in complete)
        if varied and len({trial.values[index] for trial in complete}) > 1:
            # Optuna asks what it takes to reach low values of a target, and warns of it.
            sign = 1 if record.file.objectives[name] == "minimize" else -1
            target = _objective(index, sign) if len(names) > 1 else None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                bars = visualization.plot_param_importances(study, target=target, target_name=name)
            yield bars.update_layout(title=f"Hyperparameter Importances for {name}")


def _objective(index: int, sign: int = 1) -> Callable[[Any], float]:
    return lambda trial: sign * float(trial.values[index])
