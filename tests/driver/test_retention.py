"""Checkpoints of ended trials: those of the best stay, however and whenever trials end."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState

from symray.driver.retention import Retention
from symray.record.study_record import StudyRecord
from symray.search.leaderboard import leaderboard

KEEP = 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "objectives", ["{mi_z0_y: minimize}", "{x_mae: minimize, y_mae: minimize}"]
)
def test_the_best_keep_theirs(
    make_record: Callable[..., StudyRecord],
    add_trial: Callable[..., object],
    seed: int,
    objectives: str,
) -> None:
    numbers = random.Random(seed)
    record = make_record(f"objectives={objectives}", f"checkpoints.keep={KEEP}", "pruner=none")
    discarded: list[int] = []
    retention = Retention(record, discarded.append)
    for number in range(12):
        state = numbers.choice([TrialState.COMPLETE] * 4 + [TrialState.FAIL, TrialState.PRUNED])
        names = ("mi_z0_y", "x_mae", "y_mae")
        add_trial(record, state, **{name: numbers.uniform(0, 1.5) for name in names})
        (record.trial_folder(number) / "checkpoints" / "000003-01").mkdir(parents=True)
        if numbers.random() < 0.7:
            retention.sweep()
            assert with_checkpoints(record) == {c.number for c in leaderboard(record)[:KEEP]}
    # A worker that was stopped wrote one after its trial's end.
    (record.trial_folder(0) / "checkpoints" / "000004-01").mkdir(parents=True, exist_ok=True)
    retention.sweep_all()
    best = {c.number for c in leaderboard(record)[:KEEP]}
    assert with_checkpoints(record) == best
    assert set(range(12)) - best <= set(discarded)


def test_a_running_trial_keeps_its_own(
    make_record: Callable[..., StudyRecord], add_trial: Callable[..., object]
) -> None:
    record = make_record("checkpoints.keep=1")
    retention = Retention(record, lambda number: None)
    states = [TrialState.COMPLETE, TrialState.RUNNING, TrialState.COMPLETE]
    for number, state in enumerate(states):
        add_trial(record, state, mi_z0_y=float(number), x_mae=0.1, y_mae=0.1)
        (record.trial_folder(number) / "checkpoints" / "000003-01").mkdir(parents=True)
    retention.sweep()
    assert with_checkpoints(record) == {0, 1}


def with_checkpoints(record: StudyRecord) -> set[int]:
    found: list[Path] = list(record.folder.glob("trials/*/checkpoints"))
    return {int(path.parent.name) for path in found}
