"""The pruner: what it is told, what it keeps, whom it leaves alone."""

from collections.abc import Callable

import pytest
from optuna.trial import TrialState

from searching import GOOD, complete, handed_out, reopened, report
from symray.record.study_record import StudyRecord
from symray.search.search import Search

MakeRecord = Callable[..., StudyRecord]


MakeSearch = Callable[[StudyRecord], Search]


PRUNED = ("pruner={name: median, metric: x_mae, warmup_epochs: 1}", "trials=12")


def test_the_pruners_rungs_survive_a_restart(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record(*PRUNED)
    search = make_search(record)
    for _ in range(6):
        task = handed_out(search)
        for epoch in range(1, 4):
            assert not search.report(task, report(epoch, **GOOD))
        complete(search, task, **GOOD)
    search = make_search(reopened(record))  # a scheduler of its own would know nothing now
    task = handed_out(search)
    bad = GOOD | {"x_mae": 5.0}
    assert not search.report(task, report(1, **bad))
    assert search.report(task, report(2, **bad))
    search.finish(task, report(2, **bad), None)
    trial = record.trial(task.number)
    assert trial.state == TrialState.PRUNED
    assert trial.user_attrs["reason"] == "pruned in epoch 2"
    assert trial.constraints["x_mae <= 0.8"] == pytest.approx(4.2)  # not "feasible for want of it"


def test_trial_0_is_never_pruned(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record(*PRUNED)
    search = make_search(record)
    reference = handed_out(search)
    for _ in range(6):
        task = handed_out(search)
        for epoch in range(1, 4):
            search.report(task, report(epoch, **GOOD))
        complete(search, task, **GOOD)
    assert not any(search.report(reference, report(e, x_mae=9.0)) for e in range(1, 4))


def test_a_pruning_metric_of_the_other_direction_is_negated(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("pruner={name: median, metric: z0_gain, warmup_epochs: 1}", "trials=12")
    search = make_search(record)
    for _ in range(6):
        task = handed_out(search)
        search.report(task, report(2, z0_gain=3.0))
        complete(search, task, z0_gain=3.0, **GOOD)
    better, worse = handed_out(search), handed_out(search)
    assert not search.report(better, report(2, z0_gain=9.0))
    assert search.report(worse, report(2, z0_gain=0.1))


def test_the_last_report_which_tune_hides_reaches_the_rungs(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record(*PRUNED)
    search = make_search(record)
    task = handed_out(search)
    search.report(task, report(3, **GOOD))
    complete(search, task, **GOOD)
    assert record.trial(0).intermediate_values == {3: 0.5, 4: 0.5}


def test_several_objectives_are_searched_without_a_pruner(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record("objectives={mi_z0_y: minimize, z0_gain: maximize}")
    search = make_search(record)
    task = handed_out(search)
    assert not search.report(task, report(1, z0_gain=1.0, **GOOD))
    complete(search, task, z0_gain=1.0, **GOOD)
    assert record.trial(0).values == [0.1, 1.0]
    assert [d.name for d in record.optuna.directions] == ["MINIMIZE", "MAXIMIZE"]
