"""Which worker gets which tasks, without workers."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from symray.scheduling.dispatcher import WORKER_DEATHS, Dispatcher, Orders
from symray.tasks.task import Report, Task


class Tasks:
    """A source of ``count`` tasks; stops those in ``stop`` and keeps how each has ended."""

    def __init__(self, count: int) -> None:
        self.waiting = [Task("s", f"t{n}", "trial", n, f"/{n}", {}) for n in range(count)]
        self.stop: set[str] = set()
        self.ended: dict[str, tuple[str, str | None]] = {}

    def next(self) -> Task | None:
        return self.waiting.pop(0) if self.waiting else None

    @property
    def exhausted(self) -> bool:
        return not self.waiting

    def report(self, task: Task, report: Report) -> bool:
        return task.name in self.stop

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        assert task.name not in self.ended
        self.ended[task.name] = (report.outcome if report else "none", error)


RUNNING, COMPLETE = Report(1, 9, {}), Report(9, 9, {}, "complete")
Open = Callable[..., Dispatcher]


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def losses() -> list[str]:
    return []


@pytest.fixture
def dispatcher_of(stopping: threading.Event, losses: list[str]) -> Open:
    def make(source: Tasks, slots: int = 3, most: int | None = None) -> Dispatcher:
        return Dispatcher(
            source, stopping, slots, most, lambda task, reason: losses.append(task.name)
        )

    return make


def names(orders: Orders | None) -> list[str]:
    assert orders is not None
    return [task.name for task in orders.begin]


def reports(dispatcher: Dispatcher, worker: str, **other: Report) -> list[tuple[str, Report]]:
    return [(name, other.get(name, RUNNING)) for name in dispatcher.live[worker]]


def test_an_engine_is_filled_and_filled_again(dispatcher_of: Open) -> None:
    source = Tasks(5)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    assert names(dispatcher.take_reports("a", [], True)) == ["t1", "t2"]
    orders = dispatcher.take_reports("a", reports(dispatcher, "a", t1=COMPLETE), True)
    assert orders == Orders([replace(Task("s", "t3", "trial", 3, "/3", {}))], [])
    source.stop.add("t2")
    orders = dispatcher.take_reports("a", reports(dispatcher, "a"), True)
    assert orders is not None
    assert (names(orders), orders.leave) == (["t4"], ["t2"])
    assert source.ended == {"t1": ("complete", None), "t2": ("running", None)}
    assert list(dispatcher.live["a"]) == ["t0", "t3", "t4"]


def test_an_engine_without_tasks_ends(dispatcher_of: Open) -> None:
    source = Tasks(1)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    source.stop.add("t0")
    assert dispatcher.take_reports("a", reports(dispatcher, "a"), True) is None
    dispatcher.close("a", {})
    assert dispatcher.exhausted
    assert source.ended == {"t0": ("running", None)}


def test_tasks_at_a_time_are_counted_over_all_engines(dispatcher_of: Open) -> None:
    source = Tasks(9)
    dispatcher = dispatcher_of(source, most=4)
    for worker in ("a", "b"):
        dispatcher.open(worker)
    assert len(names(dispatcher.take_reports("a", [], True))) == 2
    assert dispatcher.take_reports("b", [], True) == Orders([], [])
    assert dispatcher.open("c") is None


def test_an_engine_takes_no_more_while_other_studies_wait(dispatcher_of: Open) -> None:
    dispatcher = dispatcher_of(Tasks(9))
    dispatcher.open("a")
    assert dispatcher.take_reports("a", [], False) == Orders([], [])


def test_without_packs_a_worker_has_one_task(dispatcher_of: Open) -> None:
    source = Tasks(3)
    dispatcher = dispatcher_of(source, slots=0)
    dispatcher.open("a")
    assert dispatcher.take_reports("a", reports(dispatcher, "a"), True) == Orders([], [])
    dispatcher.close("a", {"t0": COMPLETE})
    assert source.ended == {"t0": ("complete", None)}


def test_all_tasks_of_a_lost_engine_go_on_in_others(dispatcher_of: Open, losses: list[str]) -> None:
    source = Tasks(3)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    dispatcher.take_reports("a", [], True)
    dispatcher.lose("a", "for the test")
    assert losses == ["t0", "t1", "t2"]
    assert not dispatcher.exhausted
    first = dispatcher.open("b")
    assert first is not None
    assert first.name == "t0"
    assert names(dispatcher.take_reports("b", [], True)) == ["t1", "t2"]
    assert source.ended == {}


def test_a_task_that_kills_engines_is_left_alone_and_fails_alone(dispatcher_of: Open) -> None:
    """Its neighbours lose two workers with it and no more."""
    source = Tasks(3)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    dispatcher.take_reports("a", [], True)
    dispatcher.lose("a", "first")
    dispatcher.open("b")
    dispatcher.take_reports("b", [], True)
    dispatcher.lose("b", "second")
    for worker in ("c", "d", "e"):  # now each has a worker of its own
        dispatcher.open(worker)
        assert dispatcher.slots_of[worker] == 0
        assert dispatcher.take_reports(worker, [], True) == Orders([], [])
    dispatcher.close("c", {"t0": COMPLETE})
    dispatcher.close("d", {"t1": COMPLETE})
    for deaths in range(3, WORKER_DEATHS + 2):
        worker = next(iter(dispatcher.live))
        dispatcher.lose(worker, "again")
        if deaths <= WORKER_DEATHS:
            dispatcher.open(f"f{deaths}")
    assert source.ended["t2"] == ("none", "lost its worker 4 times, at last by: again")
    assert {source.ended[name] for name in ("t0", "t1")} == {("complete", None)}


def test_what_has_come_on_may_share_again(dispatcher_of: Open) -> None:
    dispatcher = dispatcher_of(Tasks(1))
    for worker in ("a", "b"):
        dispatcher.open(worker)
        dispatcher.lose(worker, "for the test")
    dispatcher.open("c")
    dispatcher.take_reports("c", reports(dispatcher, "c"), True)  # an epoch more
    assert dispatcher.slots_of["c"] == 0  # its worker stays what it is
    dispatcher.lose("c", "for the test")
    dispatcher.open("d")
    assert dispatcher.slots_of["d"] == 3


def test_what_wants_more_of_a_gpu_has_a_worker_of_its_own(dispatcher_of: Open) -> None:
    source = Tasks(3)
    source.waiting[1] = replace(source.waiting[1], gpu=1.0)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    assert names(dispatcher.take_reports("a", [], True)) == []
    own = dispatcher.open("b")
    assert own is not None
    assert (own.name, dispatcher.slots_of["b"]) == ("t1", 0)
    assert names(dispatcher.take_reports("a", reports(dispatcher, "a"), True)) == ["t2"]


def test_interrupted_tasks_have_not_ended(dispatcher_of: Open, stopping: threading.Event) -> None:
    source = Tasks(4)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    dispatcher.take_reports("a", [], True)
    stopping.set()
    source.stop.add("t1")
    dispatcher.take_reports("a", reports(dispatcher, "a", t0=COMPLETE), True)
    dispatcher.close("a", {})
    assert source.ended == {"t0": ("complete", None)}
    assert dispatcher.open("b") is None


def test_a_record_that_cannot_be_written_stops_everything(
    dispatcher_of: Open, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(task: Task, report: Report) -> bool:
        raise OSError("no room")

    source = Tasks(2)
    dispatcher = dispatcher_of(source)
    dispatcher.open("a")
    monkeypatch.setattr(source, "report", full)
    dispatcher.take_reports("a", reports(dispatcher, "a"), True)
    assert stopping.is_set()
    assert isinstance(dispatcher.failure, OSError)
    assert source.ended == {}
