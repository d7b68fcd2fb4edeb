"""A server that is away at the end of a study: waited for, for a while."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
from watching import Watching

from services import free_port
from symray.record.study_record import StudyRecord
from symray.tracking import projector
from symray.tracking.client import make_client
from symray.tracking.projector import Projector, reconcile
from symray.tracking.ui import Server


class Held:
    """A lease that nobody takes."""

    def check(self) -> None:
        """It holds."""


class Starting(Watching):
    """Starts the server as soon as the user is told that it is waited for."""

    def __init__(self, port: int, until_the_end: contextlib.ExitStack) -> None:
        super().__init__()
        self.port, self.until_the_end = port, until_the_end

    def message(self, text: str) -> None:
        super().message(text)
        if "waiting 60 s for it" in text:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("MLFLOW_TRACKING_URI")  # it serves the home's own store
                server = Server(self.port)
            self.until_the_end.callback(server.stop)
            assert server.wait(threading.Event())


@pytest.fixture
def port(own_copy: StudyRecord, monkeypatch: pytest.MonkeyPatch) -> int:
    """Where a server of the complete study's home should be, and isn't; with a password."""
    make_client()  # the store that it will serve
    found = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:hunter2@127.0.0.1:{found}")
    return found


@pytest.fixture
def until_the_end() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def test_a_server_that_comes_back_at_the_end_gets_everything(
    own_copy: StudyRecord,
    port: int,
    until_the_end: contextlib.ExitStack,
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    progress = Starting(port, until_the_end)
    ending = Projector(own_copy, Held(), progress)
    ending.start()
    ending.close(complete=True, stopping=threading.Event())
    ends = ("what is missing there follows", "waiting 60 s for it", "answers again")
    for text, end in zip(progress.messages, ends, strict=True):
        assert text.endswith(end)
    assert_ledger(own_copy)
    kept = [path.read_bytes() for path in own_copy.folder.parent.rglob("*") if path.is_file()]
    assert not any(b"hunter2" in content for content in kept)
    assert reconcile(own_copy) == []


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize(("complete", "stopped"), [(True, True), (True, False), (False, False)])
def test_one_that_stays_away_is_a_sentence(
    complete: bool, stopped: bool, own_copy: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has stopped a study, or goes on with it later, doesn't wait."""
    patient = complete and not stopped
    monkeypatch.setattr(projector, "DRAIN", 3.0 if patient else 600.0)
    stopping = threading.Event()
    if stopped:
        stopping.set()
    progress = Watching()
    ending = Projector(own_copy, Held(), progress)
    ending.start()
    ending.close(complete, stopping)
    assert any("waiting" in text for text in progress.messages) == patient
    assert "nothing is lost: `symray reconcile finished` writes it" in progress.messages[-1]
    assert "hunter2" not in str(progress.messages)
