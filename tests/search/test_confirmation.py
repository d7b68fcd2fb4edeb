"""What a confirmation asks its trainings for."""

from collections.abc import Callable

from searching import GOOD, complete, handed_out
from symray.record.study_record import StudyRecord
from symray.search.confirmation import Confirmation
from symray.search.progress import Progress
from symray.search.search import Search

MakeRecord = Callable[..., StudyRecord]
MakeSearch = Callable[[StudyRecord], Search]


def test_only_costly_metrics_are_asked_for_beside_the_usual(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record(
        "trials=1", "confirmation={top: 1, seeds: 2, metrics: [mi_z0_y_neural, probe_r2]}"
    )
    search = make_search(record)
    task = handed_out(search)
    task.save()
    complete(search, task, **GOOD)
    trainings = Confirmation(record, Progress(), lambda name: None).tasks
    assert [one.metrics for one in trainings] == [("mi_z0_y_neural",)] * 2
