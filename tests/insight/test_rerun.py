import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from symray.errors import UserError
from symray.insight.rerun import rerun
from symray.record.study_record import StudyRecord
from symray.tasks.packs import Packs
from symray.tasks.task import Task
from symray.tasks.worker import TaskRun


@pytest.fixture
def tamper(own_copy: StudyRecord) -> Callable[..., None]:
    """Changes every JSON line of a file of trial 0."""

    def tamper(name: str, change: Callable[..., None]) -> None:
        path = own_copy.trial_folder(0) / name
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            change(line)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    return tamper


def test_a_trial_comes_out_bit_by_bit(finished_study: StudyRecord) -> None:
    heard: list[tuple[int, int]] = []
    found = rerun(finished_study, 1, on_epoch=lambda *epoch: heard.append(epoch))
    assert heard == [(1, 2), (2, 2)]
    assert found.epochs == 2
    assert found.identical
    assert found.same_device
    assert found.recorded_code == found.code
    assert {"train/kl", "lambda", "x_mae", "probe_r2"} <= found.differences.keys()
    assert not (finished_study.trial_folder(1) / "events.jsonl").read_text().count('"start"') > 1


def test_a_difference_is_found_where_it_is(
    own_copy: StudyRecord, tamper: Callable[..., None]
) -> None:
    def move(line: dict[str, dict[str, float]]) -> None:
        line["values"]["x_mae"] += 0.25

    tamper("metrics.jsonl", move)
    found = rerun(own_copy, 0, epochs=1)
    assert found.epochs == 1
    assert not found.identical
    assert found.differences["x_mae"] == pytest.approx(0.25)
    assert {name for name, gap in found.differences.items() if gap} == {"x_mae"}


def test_values_on_one_side_only_and_nan_on_both(
    own_copy: StudyRecord, tamper: Callable[..., None]
) -> None:
    def change(line: dict[str, dict[str, float]]) -> None:
        del line["values"]["x_mae"]
        line["values"]["gone"] = math.nan

    tamper("metrics.jsonl", change)
    found = rerun(own_copy, 0, epochs=1)
    assert found.differences["x_mae"] == math.inf
    assert found.differences["gone"] == 0


def test_other_devices_and_other_code_are_told(
    own_copy: StudyRecord, tamper: Callable[..., None]
) -> None:
    tamper("events.jsonl", lambda line: line.update(device="cuda:0"))
    task = own_copy.trial_folder(0) / "task.json"
    content = json.loads(task.read_text())
    content["tags"]["symray.code"] = "older"
    task.write_text(json.dumps(content))
    found = rerun(own_copy, 0, epochs=1)
    assert found.recorded_device == "cuda:0"
    assert found.same_device == (found.device.split(":")[0] == "cuda")
    assert found.recorded_code == "older" != found.code


def test_what_cannot_be_repeated(own_copy: StudyRecord) -> None:
    with pytest.raises(UserError, match="has no trial 9"):
        rerun(own_copy, 9)
    (own_copy.trial_folder(0) / "metrics.jsonl").unlink()
    with pytest.raises(UserError, match="no recorded epoch"):
        rerun(own_copy, 0)


def test_a_trial_that_fails_now_is_told(own_copy: StudyRecord) -> None:
    task = own_copy.trial_folder(0) / "task.json"
    content = json.loads(task.read_text())
    content["spec"]["settings"]["lambda_initial"] = 1e38
    task.write_text(json.dumps(content))
    with pytest.raises(UserError, match="does not get to epoch 1 again: diverged"):
        rerun(own_copy, 0)


@pytest.mark.parametrize("slots", [(2, 2), (2, 0), (0, 2)])
def test_what_a_pack_has_trained_is_repeated_in_a_pack(
    own_copy: StudyRecord, slots: tuple[int, int]
) -> None:
    """Epoch by epoch: the second worker may have trained it otherwise than the first."""
    folder = own_copy.trial_folder(0)
    task = Task.load(folder)
    shutil.rmtree(folder)
    task.save()
    other = replace(task, folder=str(folder / "other"), spec=task.spec | {"seed": 99})
    for of_pack in slots:
        packs = Packs(of_pack)
        runs = [TaskRun(t, "cpu", slots=of_pack) for t in (task, other)]
        trained = packs.train(runs)
        for run in runs:
            run.advance(trained.get(run.trainer))
            run.save()
    found = rerun(own_copy, 0)
    assert found.packed
    assert found.as_expected
    assert found.agreeing == found.epochs == 2


def test_a_packs_rounding_is_told_from_a_difference(
    own_copy: StudyRecord, tamper: Callable[..., None]
) -> None:
    def move(line: dict[str, dict[str, float]]) -> None:
        line["values"]["x_mae"] *= 1.001 if line["epoch"] == 1 else 1.1

    assert rerun(own_copy, 0).as_expected
    tamper("metrics.jsonl", move)
    found = rerun(own_copy, 0)
    assert not found.identical
    assert not found.as_expected
    assert found.agreeing == 1
    tamper("events.jsonl", lambda line: line.update(pack=4))
    found = rerun(own_copy, 0)
    assert found.packed
    assert found.agreeing == 1
    assert found.as_expected
