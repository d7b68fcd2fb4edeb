import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from symray.errors import UserError
from symray.record.storage.file_lease import FileLease
from symray.record.study_record import StudyRecord
from symray.search.requests import check_is_running, extend, running, stop_study, stop_trial
from symray.search.search import Search

MakeRecord = Callable[..., StudyRecord]
MakeSearch = Callable[[StudyRecord], Search]


@contextmanager
def driver(record: StudyRecord, search: Search, obedient: bool = True) -> Iterator[None]:
    """Holds the lock and, as a driver does, stops what the record's events say."""
    ending = threading.Event()

    def drive() -> None:
        with FileLease(record.folder):
            started.set()
            while not ending.wait(0.05):
                stops = record.events("stop") if obedient else []
                if any("number" not in event for event in stops):
                    return
                for event in stops:
                    if not record.trial(event["number"]).state.is_finished():
                        task = tasks[event["number"]]
                        search.finish(task, None, "stopped by hand")

    tasks = [task for task in (search.next(), search.next()) if task]
    started = threading.Event()
    thread = threading.Thread(target=drive)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def test_stopping_waits_for_the_driver(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    with driver(record, make_search(record)):
        assert running(record)
        assert stop_study(record, patience=20)
        assert not running(record)
        assert [event["event"] for event in record.events()] == ["launch", "stop"]


def test_patience_ends(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    with driver(record, make_search(record), obedient=False):
        began = time.monotonic()
        assert not stop_study(record, patience=0.2)
        assert not stop_trial(record, 0, patience=0.2)
        assert time.monotonic() - began >= 0.4


def test_one_trial_stops_and_the_study_goes_on(
    make_record: MakeRecord, make_search: MakeSearch
) -> None:
    record = make_record()
    with driver(record, make_search(record)):
        check_is_running(record, 0)
        assert stop_trial(record, 0, patience=20)
        assert running(record)
        with pytest.raises(UserError, match=r"trial 0 .* is not running but FAIL; running now: 1"):
            check_is_running(record, 0)
        with pytest.raises(UserError, match="has no trial 5"):
            check_is_running(record, 5)


def test_no_trial_runs_without_a_driver(make_record: MakeRecord, make_search: MakeSearch) -> None:
    record = make_record()
    make_search(record).next()
    with pytest.raises(UserError, match=r"no driver is at work .* `symray resume searched`"):
        check_is_running(record, 0)


def test_an_extension_adds_to_the_budget(make_record: MakeRecord) -> None:
    record = make_record("trials=6")
    assert extend(record, 4) == record.budget == 10
    assert extend(record, 1) == record.budget == 11


def test_a_grid_ends_with_its_last_point(make_record: MakeRecord) -> None:
    space = "search={beta: {choice: [10, 20]}, lambda_growth: {choice: [1.0, 1.1]}}"
    record = make_record(space, "sampler=grid", "trials=2")
    assert extend(record, 1) == 3
    with pytest.raises(UserError, match="has 1 more points"):
        extend(record, 2)
    assert extend(record, 1) == 4
    with pytest.raises(UserError, match="has no more points"):
        extend(record, 1)
