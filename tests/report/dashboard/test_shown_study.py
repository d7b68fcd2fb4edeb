"""A study as the dashboard gets it: all of it, as it grows, and nothing of it to be changed."""

import json
from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.report.dashboard import shown_study
from symray.report.dashboard.shown_study import ShownStudy
from symray.search.leaderboard import leaderboard, metrics_of
from symray.tasks.task import Task


def link(run: str) -> str | None:
    return f"http://mlflow/{run}"


def note(shown: ShownStudy, number: int | None) -> str:
    """By the attributes in which the dashboard looks."""
    attributes = shown.get_study_system_attrs(shown.study_id)
    if number is None:
        return str(attributes["dashboard:note_str:0"])
    trial_id = shown.get_all_trials(shown.study_id)[number]._trial_id
    return str(attributes[f"dashboard:{trial_id}:note_str:0"])


def test_optuna_reads_the_study_as_it_is(finished_study: StudyRecord) -> None:
    shown = ShownStudy(finished_study, link)
    study = optuna.load_study(study_name="finished", storage=shown)
    assert study.metric_names == ["mi_z0_y"]
    assert [d.name.lower() for d in study.directions] == ["minimize"]
    for trial, recorded in zip(study.trials, finished_study.trials(), strict=True):
        assert (trial.state, trial.params, trial.values) == (
            recorded.state,
            recorded.params,
            recorded.values,
        )
        assert metrics_of(recorded).items() <= trial.user_attrs.items()
        assert "metrics" not in trial.user_attrs
    best = leaderboard(finished_study)[0]
    assert shown.get_best_trial(shown.study_id).number == best.number


def test_notes_tell_the_study_and_each_trial(finished_study: StudyRecord) -> None:
    shown = ShownStudy(finished_study, link)
    confirmed = json.loads((finished_study.folder / "confirmation.json").read_text())
    page = note(shown, None)
    assert page.startswith(f"**Trial {confirmed['winner']} is the best in the mean")
    assert f"/dashboard/studies/{shown.study_id}/trials?numbers={confirmed['winner']}" in page
    for place, row in enumerate(leaderboard(finished_study), start=1):
        text = note(shown, row.number)
        run = (finished_study.trial_folder(row.number) / "mlflow_run_id").read_text()
        assert f"**Trial {row.number}**: complete, feasible, rank {place}" in text
        assert f"`x_mae <= 100.0`: {row.metrics['x_mae']:.4g}, kept" in text
        assert f"](http://mlflow/{run})" in text
    assert "chosen by the confirmation" in note(shown, confirmed["winner"])


def test_a_study_that_runs_is_read_again(
    make_record: Callable[..., StudyRecord],
    add_trial: Callable[..., Task],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = make_record()
    shown = ShownStudy(StudyRecord.open(record.name), lambda run: None)
    assert shown.get_all_trials(shown.study_id) == []
    with pytest.raises(ValueError, match="No trials"):
        shown.get_best_trial(shown.study_id)
    add_trial(record, TrialState.RUNNING, mi_z0_y=0.1, x_mae=0.5, y_mae=1.0)
    add_trial(record, TrialState.FAIL, mi_z0_y=0.1, x_mae=0.5, y_mae=1.0)
    add_trial(record, mi_z0_y=0.1, x_mae=0.9, y_mae=1.0)  # misses x_mae <= 0.8
    add_trial(record, mi_z0_y=0.3, x_mae=0.5, y_mae=1.0)
    assert shown.get_all_trials(shown.study_id) == []  # for a moment
    monkeypatch.setattr(shown_study, "FRESH", 0.0)
    monkeypatch.setattr(shown_study, "SHARE", 0)
    shown._shown = None
    trials = shown.get_all_trials(shown.study_id)
    assert [t.state.name for t in trials] == ["RUNNING", "FAIL", "COMPLETE", "COMPLETE"]
    assert [bool(max(t.system_attrs["constraints"]) > 0) for t in trials[2:]] == [True, False]
    assert shown.get_best_trial(shown.study_id).number == 3
    assert "missed by 0.1" in note(shown, 2)
    assert "diverged" in note(shown, 1)
    assert "MLflow" not in note(shown, 0)
    record.optuna.tell(0, state=TrialState.FAIL)
    assert "**Trial 0**: fail" in note(shown, 0)


def test_nothing_can_be_written(finished_study: StudyRecord) -> None:
    study = optuna.load_study(study_name="finished", storage=ShownStudy(finished_study, link))
    for write in (
        study.ask,
        lambda: study.set_user_attr("a", 1),
        lambda: study.enqueue_trial({"beta": 1.0}),
        lambda: optuna.create_study(study_name="b", storage=study._storage),
        lambda: optuna.delete_study(study_name="finished", storage=study._storage),
    ):
        with pytest.raises(UserError, match="only shown here"):
            write()
