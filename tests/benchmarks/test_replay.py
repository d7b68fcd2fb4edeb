"""Recorded trials, searched again."""

from pathlib import Path

import numpy as np
import pytest
import replay
import yaml

from measuring.curves import Curves, Trained

STUDY = yaml.safe_load(replay.STUDY.read_text())
PARAMS = {"lambda_growth": 1.5, "learning_rate": 1e-3, "adversary_learning_rate": 1e-3}


def trained(number: int, beta: float, ends: float, x_mae: float = 0.5, epochs: int = 9) -> Trained:
    values = [
        {"mi_z0_y_sampled": ends + 9 - epoch, "x_mae": x_mae, "y_mae": 1.0}
        for epoch in range(1, epochs + 1)
    ]
    return Trained("random", 1, number, {"beta": beta} | PARAMS, values)


@pytest.fixture
def curves() -> Curves:
    """Two that keep the constraints, one that doesn't, one that was stopped."""
    trials = [trained(0, 1, 3.0), trained(1, 30, 1.0, x_mae=5.0), trained(2, 1000, 2.0)]
    return Curves(STUDY, [*trials, trained(3, 100, 0.0, epochs=3)])


def test_the_nearest_whole_trial_answers(curves: Curves) -> None:
    for beta, number in ((1, 0), (2, 0), (40, 1), (100, 1), (900, 2)):
        assert curves.nearest({"beta": beta} | PARAMS) is curves.trials[number].epochs


def test_only_whole_trials_that_keep_the_constraints_count(curves: Curves) -> None:
    judge = replay.Judge(curves)
    assert judge.worst == 3.0
    order = [curves.trials[n].epochs for n in (1, 3, 2, 0)]
    course = judge.course(order, curves.file)
    expected = [(1, 3.0), (4 / 3, 3.0), (7 / 3, 2.0), (10 / 3, 2.0)]
    np.testing.assert_allclose(course, expected)
    assert replay.after(course, 2) == 3.0
    assert replay.after(course, 20) == 2.0


def test_a_search_ends_with_its_budget(
    curves: Curves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path))
    for overrides in (("sampler=random",), ("sampler=random", replay.HALVING % 1)):
        course = replay.search_again(
            replay._file(curves, overrides, 1), curves, replay.Judge(curves)
        )
        assert replay.BUDGET <= course[-1][0] < replay.BUDGET + 1
        assert course[-1][1] == 2.0
    assert len(course) > replay.BUDGET


def test_curves_are_kept(curves: Curves, tmp_path: Path) -> None:
    curves.write(tmp_path / "curves.json")
    assert Curves.read(tmp_path / "curves.json").trials == curves.trials
