"""How a study stands: what ``--json`` prints, as plain data."""

from typing import Any

from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line, newest_metrics, run_id
from symray.record.trials import FrozenTrial, TrialState
from symray.search.champion import registered
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import leaderboard, metrics_of
from symray.search.mean_codes import readable_means


def status(record: StudyRecord) -> dict[str, Any]:
    """The study's state, its trials, and the best, confirmed and registered of them.

    ``metrics`` are on the validation split, the newest recorded ones where a trial hasn't ended;
    ``best`` is None while no trial is feasible, ``confirmed`` the content of
    ``confirmation.json`` or None, ``model`` name and version in the registry or None; ``warnings``
    are sentences on how the best one may be misread.
    """
    board = leaderboard(record)
    best = board[0] if board and board[0].feasible else None
    return {
        "study": record.name,
        "state": record.state(),
        "trials": [trial_status(record, trial) for trial in record.trials()],
        "best": best
        and {
            "number": best.number,
            "params": dict(best.params),
            "metrics": dict(best.metrics),
            "feasible": best.feasible,
        },
        "confirmed": read_confirmation(record),
        "model": registered(record),
        "warnings": [found.sentence for found in [readable_means(record)] if found],
    }


def trial_status(record: StudyRecord, trial: FrozenTrial) -> dict[str, Any]:
    """One trial of :func:`status`."""
    folder = record.trial_folder(trial.number)
    metrics, epochs = metrics_of(trial), trial.user_attrs.get("epochs", 0)
    if trial.state == TrialState.RUNNING:
        metrics, epochs = newest_metrics(folder), last_line(folder)["epoch"]
    return {
        "number": trial.number,
        "state": trial.state.name,
        "params": dict(trial.params),
        "metrics": metrics,
        "mlflow_run_id": run_id(folder),
        "epochs": epochs,
    }


def ended_count(record: StudyRecord) -> int:
    """How many trials have ended, whichever way."""
    return sum(trial.state.is_finished() for trial in record.trials())
