"""What `symray ui` does before and beside a server; the server itself is in test_ui_browser."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.tracking.client import make_client
from symray.tracking.ui import PORT, Server, choose_port, study_page


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_wanted_port_must_be_free(taken: int) -> None:
    with pytest.raises(UserError, match=f"port {taken} is in use"):
        choose_port(taken)


def test_the_first_free_port_is_found() -> None:
    chosen = choose_port(None)
    assert chosen >= PORT
    with socket.create_server(("127.0.0.1", chosen)):
        assert choose_port(None) > chosen


def test_a_studys_page_is_its_experiment(finished_study: StudyRecord) -> None:
    experiment = make_client().get_experiment_by_name("finished")
    assert experiment is not None
    page = study_page("http://h:1", ["finished"])
    assert page.startswith(f"http://h:1/#/experiments/{experiment.experiment_id}/runs")
    assert study_page("http://h:1", []) == "http://h:1"
    with pytest.raises(UserError, match=r"no study 'finishd'.*did you mean 'finished'"):
        study_page("http://h:1", ["finishd"])


def test_a_study_that_mlflow_has_not_seen(make_record: Callable[..., StudyRecord]) -> None:
    make_record()
    with pytest.raises(UserError, match="`symray reconcile searched` writes it"):
        study_page("http://h:1", ["searched"])


def test_a_store_that_is_none_is_a_sentence(
    study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/nowhere/tracking.db")
    with pytest.raises(UserError, match=r"MLflow at sqlite:////proc/nowhere.* does not"):
        Server(choose_port(None))


def test_a_server_that_dies_is_a_sentence(study_home: Path) -> None:
    server = Server(choose_port(None))
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(UserError, match=r"the MLflow server has ended; .* is in .*mlflow-ui\.log"):
        server.wait(threading.Event())
    server.stop()


def test_waiting_ends_when_it_is_stopped(study_home: Path) -> None:
    server, stopping = Server(choose_port(None)), threading.Event()
    stopping.set()
    assert server.wait(stopping) is False
    server.stop()
    assert not Path(f"/proc/{server.pid}").exists()
