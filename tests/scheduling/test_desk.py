"""Which worker gets which tasks, without workers."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from symray.scheduling.desk import WORKER_DEATHS, Desk, Orders
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
Open = Callable[..., Desk]


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def losses() -> list[str]:
    return []


@pytest.fixture
def desk_of(stopping: threading.Event, losses: list[str]) -> Open:
    def make(source: Tasks, slots: int = 3, most: int | None = None) -> Desk:
        return Desk(source, stopping, slots, most, lambda task, reason: losses.append(task.name))

    return make


def names(orders: Orders | None) -> list[str]:
    assert orders is not None
    return [task.name for task in orders.begin]


def reports(desk: Desk, worker: str, **other: Report) -> list[tuple[str, Report]]:
    return [(name, other.get(name, RUNNING)) for name in desk.live[worker]]


def test_an_engine_is_filled_and_filled_again(desk_of: Open) -> None:
    source = Tasks(5)
    desk = desk_of(source)
    desk.open("a")
    assert names(desk.take_reports("a", [], True)) == ["t1", "t2"]
    orders = desk.take_reports("a", reports(desk, "a", t1=COMPLETE), True)
    assert orders == Orders([replace(Task("s", "t3", "trial", 3, "/3", {}))], [])
    source.stop.add("t2")
    orders = desk.take_reports("a", reports(desk, "a"), True)
    assert orders is not None
    assert (names(orders), orders.leave) == (["t4"], ["t2"])
    assert source.ended == {"t1": ("complete", None), "t2": ("running", None)}
    assert list(desk.live["a"]) == ["t0", "t3", "t4"]


def test_an_engine_without_tasks_ends(desk_of: Open) -> None:
    source = Tasks(1)
    desk = desk_of(source)
    desk.open("a")
    source.stop.add("t0")
    assert desk.take_reports("a", reports(desk, "a"), True) is None
    desk.close("a", {})
    assert desk.exhausted
    assert source.ended == {"t0": ("running", None)}


def test_tasks_at_a_time_are_counted_over_all_engines(desk_of: Open) -> None:
    source = Tasks(9)
    desk = desk_of(source, most=4)
    for worker in ("a", "b"):
        desk.open(worker)
    assert len(names(desk.take_reports("a", [], True))) == 2
    assert desk.take_reports("b", [], True) == Orders([], [])
    assert desk.open("c") is None


def test_an_engine_takes_no_more_while_other_studies_wait(desk_of: Open) -> None:
    desk = desk_of(Tasks(9))
    desk.open("a")
    assert desk.take_reports("a", [], False) == Orders([], [])


def test_without_packs_a_worker_has_one_task(desk_of: Open) -> None:
    source = Tasks(3)
    desk = desk_of(source, slots=0)
    desk.open("a")
    assert desk.take_reports("a", reports(desk, "a"), True) == Orders([], [])
    desk.close("a", {"t0": COMPLETE})
    assert source.ended == {"t0": ("complete", None)}


def test_all_tasks_of_a_lost_engine_go_on_in_others(desk_of: Open, losses: list[str]) -> None:
    source = Tasks(3)
    desk = desk_of(source)
    desk.open("a")
    desk.take_reports("a", [], True)
    desk.lose("a", "for the test")
    assert losses == ["t0", "t1", "t2"]
    assert not desk.exhausted
    first = desk.open("b")
    assert first is not None
    assert first.name == "t0"
    assert names(desk.take_reports("b", [], True)) == ["t1", "t2"]
    assert source.ended == {}


def test_a_task_that_kills_engines_is_left_alone_and_fails_alone(desk_of: Open) -> None:
    """Its neighbours lose two workers with it and no more."""
    source = Tasks(3)
    desk = desk_of(source)
    desk.open("a")
    desk.take_reports("a", [], True)
    desk.lose("a", "first")
    desk.open("b")
    desk.take_reports("b", [], True)
    desk.lose("b", "second")
    for worker in ("c", "d", "e"):  # now each has a worker of its own
        desk.open(worker)
        assert desk.slots_of[worker] == 0
        assert desk.take_reports(worker, [], True) == Orders([], [])
    desk.close("c", {"t0": COMPLETE})
    desk.close("d", {"t1": COMPLETE})
    for deaths in range(3, WORKER_DEATHS + 2):
        worker = next(iter(desk.live))
        desk.lose(worker, "again")
        if deaths <= WORKER_DEATHS:
            desk.open(f"f{deaths}")
    assert source.ended["t2"] == ("none", "lost its worker 4 times, at last by: again")
    assert {source.ended[name] for name in ("t0", "t1")} == {("complete", None)}


def test_what_has_come_on_may_share_again(desk_of: Open) -> None:
    desk = desk_of(Tasks(1))
    for worker in ("a", "b"):
        desk.open(worker)
        desk.lose(worker, "for the test")
    desk.open("c")
    desk.take_reports("c", reports(desk, "c"), True)  # an epoch more
    assert desk.slots_of["c"] == 0  # its worker stays what it is
    desk.lose("c", "for the test")
    desk.open("d")
    assert desk.slots_of["d"] == 3


def test_what_wants_more_of_a_gpu_has_a_worker_of_its_own(desk_of: Open) -> None:
    source = Tasks(3)
    source.waiting[1] = replace(source.waiting[1], gpu=1.0)
    desk = desk_of(source)
    desk.open("a")
    assert names(desk.take_reports("a", [], True)) == []
    own = desk.open("b")
    assert own is not None
    assert (own.name, desk.slots_of["b"]) == ("t1", 0)
    assert names(desk.take_reports("a", reports(desk, "a"), True)) == ["t2"]


def test_interrupted_tasks_have_not_ended(desk_of: Open, stopping: threading.Event) -> None:
    source = Tasks(4)
    desk = desk_of(source)
    desk.open("a")
    desk.take_reports("a", [], True)
    stopping.set()
    source.stop.add("t1")
    desk.take_reports("a", reports(desk, "a", t0=COMPLETE), True)
    desk.close("a", {})
    assert source.ended == {"t0": ("complete", None)}
    assert desk.open("b") is None


def test_a_record_that_cannot_be_written_stops_everything(
    desk_of: Open, stopping: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(task: Task, report: Report) -> bool:
        raise OSError("no room")

    source = Tasks(2)
    desk = desk_of(source)
    desk.open("a")
    monkeypatch.setattr(source, "report", full)
    desk.take_reports("a", reports(desk, "a"), True)
    assert stopping.is_set()
    assert isinstance(desk.failure, OSError)
    assert source.ended == {}
