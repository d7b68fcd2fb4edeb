"""What a run tells of itself: its order among others, its fixed settings, its setting's seeds."""

import json
import statistics
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.search.leaderboard import leaderboard
from symray.tasks.task import Task
from symray.tracking.client import make_client
from symray.tracking.names import task_of
from symray.tracking.projector import reconcile
from symray.tracking.run_contents import ORDER, RunContents, all_contents

MakeRecord = Callable[..., StudyRecord]
AddTrial = Callable[..., Task]


def by_order(contents: Iterable[RunContents]) -> list[int]:
    """Trials as MLflow sorts them: as text, those without it left out."""
    ordered = [run for run in contents if ORDER in run.tags]
    return [run.task.number for run in sorted(ordered, key=lambda run: run.tags[ORDER])]


def some_trials(record: StudyRecord, add_trial: AddTrial) -> None:
    for x_mae, mi in [(0.5, 0.3), (0.9, 0.1), (0.7, -0.2), (2.0, 0.0), (0.1, 12.0), (0.5, -0.0)]:
        add_trial(record, mi_z0_y=mi, x_mae=x_mae, y_mae=1.0)
    add_trial(record, TrialState.PRUNED, mi_z0_y=0.0, x_mae=0.0, y_mae=0.0)


def test_runs_of_a_running_study_are_in_the_order_of_ranks(
    make_record: MakeRecord, add_trial: AddTrial
) -> None:
    record = make_record()
    some_trials(record, add_trial)
    ranked = [row.number for row in leaderboard(record)]
    assert ranked == [2, 5, 0, 4, 1, 3]
    live, at_rest = list(all_contents(record, live=True)), list(all_contents(record, live=False))
    assert by_order(live) == by_order(at_rest) == ranked
    # So it is written with what a trial's end writes anyway, and never again.
    assert [run.tags.get(ORDER) for run in live] == [run.tags.get(ORDER) for run in at_rest]
    assert [run.tags.get("symray.rank") for run in live] == [None] * 7
    ranks = {run.task.number: run.tags.get("symray.rank") for run in at_rest}
    assert [ranks[number] for number in ranked] == [f"{place:04d}" for place in range(1, 7)]


def test_several_objectives_are_in_the_order_of_their_fronts_at_rest(
    make_record: MakeRecord, add_trial: AddTrial
) -> None:
    record = make_record("objectives={mi_z0_y: minimize, x_mae: minimize}")
    some_trials(record, add_trial)
    ranked = [row.number for row in leaderboard(record)]
    assert by_order(all_contents(record, live=False)) == ranked
    assert by_order(all_contents(record, live=True))[-2:] == ranked[-2:]  # those infeasible


def test_a_run_says_its_fixed_settings(make_record: MakeRecord, add_trial: AddTrial) -> None:
    record = make_record()
    task = add_trial(record, mi_z0_y=0.3, x_mae=0.5, y_mae=1.0)
    (contents,) = all_contents(record, live=True)
    fixed = dict(part.split("=") for part in contents.tags["symray.fixed"].split(" "))
    assert fixed["epochs"] == "4"
    assert fixed.keys() | contents.searched.keys() == task.spec["settings"].keys()
    assert not fixed.keys() & contents.searched.keys()


@pytest.fixture
def confirmed(own_copy: StudyRecord) -> Any:
    return json.loads((own_copy.folder / "confirmation.json").read_text())


def shown(client: MlflowClient, record: StudyRecord) -> dict[str, Any]:
    experiment = client.get_experiment_by_name(record.name)
    assert experiment is not None
    return {task_of(run): run for run in client.search_runs([experiment.experiment_id])}


def test_the_settings_own_run_has_mean_and_deviation_of_its_seeds(
    own_copy: StudyRecord, confirmed: Any
) -> None:
    reconcile(own_copy)
    client = make_client()
    runs = shown(client, own_copy)
    winner = confirmed["winner"]
    metrics = runs[f"trial-{winner:04d}"].data.metrics
    finals = [last_line(folder)["values"] for folder in own_copy.confirmation_folders()]
    assert metrics["validation/n"] == metrics["test/n"] == len(finals) == 2
    for name in METRICS.among(finals[0]):
        values = [final[name] for final in finals]
        assert metrics[f"validation/{name}/mean"] == pytest.approx(statistics.fmean(values))
        assert metrics[f"validation/{name}/sd"] == pytest.approx(statistics.stdev(values))
        assert f"test/{name}/mean" in metrics
    others = [run for name, run in runs.items() if name != f"trial-{winner:04d}"]
    assert not [key for run in others for key in run.data.metrics if "/mean" in key]
    seeds = [runs[f"confirm-{winner:04d}-{i}"].data.tags["symray.setting"] for i in (0, 1)]
    assert seeds == [runs[f"trial-{winner:04d}"].data.tags["mlflow.runName"]] * 2


@pytest.mark.parametrize("step", [0, 77])
def test_seeds_figures_that_were_edited_by_hand_are_written_again(
    own_copy: StudyRecord, confirmed: Any, step: int
) -> None:
    reconcile(own_copy)
    assert reconcile(own_copy) == []
    client, name = make_client(), f"trial-{confirmed['winner']:04d}"
    before = shown(client, own_copy)[name]
    client.log_metric(before.info.run_id, "validation/x_mae/mean", 0.001, step=step)
    done = reconcile(own_copy)
    assert done[0] == f"{name}: run deleted, it holds values that the record doesn't have"
    assert shown(client, own_copy)[name].data.metrics == before.data.metrics
    assert reconcile(own_copy) == []
