"""Importances: whose share is what, and how long that takes."""

from collections.abc import Callable

import optuna
import pytest

from symray.record.study_record import StudyRecord
from symray.report import importances as module
from symray.report.importances import importances
from symray.search.samplers import distributions


@pytest.mark.parametrize("most", [10, 300])
def test_what_alone_changes_the_objective_has_nearly_all(
    make_record: Callable[..., StudyRecord], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(module, "MOST", most)
    record = make_record()
    record.optuna.sampler = optuna.samplers.RandomSampler(seed=0)
    for _ in range(40):
        trial = record.optuna.ask(distributions(record.file))
        record.optuna.tell(trial, trial.params["lambda_growth"] ** 2)
    shares = importances(record)["mi_z0_y"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["lambda_growth"] > 0.9
    assert importances(record)["mi_z0_y"] == shares


def test_without_variation_there_are_none(make_record: Callable[..., StudyRecord]) -> None:
    record = make_record()
    assert importances(record) == {}
    for _ in range(3):
        record.optuna.tell(record.optuna.ask(distributions(record.file)), 1.0)
    assert importances(record) == {}
