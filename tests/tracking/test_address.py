"""What MLflow's address leads to: what never works is refused, what is away is waited for."""

import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from strangers import Serve
from symray.errors import UserError
from symray.tracking.address import PATIENCE, Reached, answering, check_tracking_address
from symray.tracking.client import make_client, shown_uri


def page(status: str, body: str, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\n{more}Connection: close\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (
            "file:///tmp/mlruns",
            "is a folder, and MLflow keeps nothing in folders any more; name a ",
        ),
        ("./mlruns", "is a folder, and"),
        ("databricks", r"no address that MLflow can use here \(Reading Databricks cred"),
        ("foo://bar", r"no address that MLflow can use here"),
        ("localhost:5000", r"no address that MLflow can use here"),
        ("http:/localhost:5000", "can't be asked .*; correct the address"),
        ("http://127.0.0.1:99999", "can't be asked"),
        ("sqlite:////tmp", "is a folder; name a file"),
        ("sqlite://", "forgotten with every process"),
        ("sqlite:////dev/null/x.db", "can't be made in /dev/null"),
        (
            "mysql://a:secret@127.0.0.1/x",
            "MLFLOW_TRACKING_URI=mysql://127.0.0.1/x needs Python's My",
        ),
        ("postgresql+no://127.0.0.1/x", "is no address of a database"),
    ],
)
def test_what_can_never_work_is_refused_with_the_way_out(
    address: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    for variable in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError, match=says) as error:
        check_tracking_address()
    assert len(str(error.value)) <= 300
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (page("200 OK", "<html>"), r"not as MLflow does \(HTTP 200\)"),
        (page("200 OK", "{}"), r"not as MLflow does \(HTTP 200\)"),
        (page("200 OK", "[]"), r"not as MLflow does \(HTTP 200\)"),
        (
            page("404 Not Found", "no"),
            r"not as MLflow does \(HTTP 404\); name MLflow's own address",
        ),
        (page("501 Unsupported method ('POST')", "no"), r"not as MLflow does \(HTTP 501\)"),
        (page("401 Unauthorized", "no"), "refuses the user; set MLFLOW_TRACKING_USERNAME"),
        (
            page("403 Forbidden", "Invalid Host header"),
            r"refuses \(Invalid Host header\); .*allowed",
        ),
        (b"-ERR unknown command 'POST'\r\n", "answers, but is no web server"),
    ],
)
def test_a_server_of_something_else_is_refused(
    answer: bytes, says: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{serve(answer)}")
    with pytest.raises(UserError, match=says):
        check_tracking_address()


def test_one_that_leads_elsewhere_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    there = serve(page("200 OK", "x"))
    moved = page("308 Moved", "", f"Location: http://127.0.0.1:{there}/ml/api/2.0/x\r\n")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{serve(moved)}")
    with pytest.raises(UserError, match=f"leads to http://127.0.0.1:{there}/ml.*; name that"):
        check_tracking_address()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page("503 Busy", "later"), "HTTP 503 Busy"),
        (page("500 Wrong", ""), "HTTP 500 Wrong"),
        (b"", "Remote end closed connection without response"),
        (None, "timed out"),
    ],
)
def test_what_may_come_back_is_only_told(
    answer: bytes | None, why: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{serve(answer)}")
    began = time.monotonic()
    assert check_tracking_address() == Reached(shown_uri(), why)
    said = f"does not answer as it should .{why}.; start the server"
    with pytest.raises(UserError, match=said), answering("try again"):
        raise AssertionError("nobody is asked")
    assert time.monotonic() - began < 2 * PATIENCE + 1.5


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for address, why in (
        ("http://127.0.0.1:9", "Connection refused"),
        ("postgresql://a:secret@127.0.0.1:9/x", "connection failed: "),
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        away = check_tracking_address().away
        assert away is not None
        assert away.startswith(why)
        assert "secret" not in f"{check_tracking_address()}"


def test_the_embedded_store(
    study_home: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    file = study_home / "mlflow.db"
    assert check_tracking_address().found == f"{file}, made when the first study needs it"
    assert not study_home.exists()
    store: MlflowClient = request.getfixturevalue("embedded_store")
    store.create_experiment("moons")
    monkeypatch.setenv("SYMRAY_HOME", str(study_home))
    count = len(store.search_experiments())
    assert check_tracking_address() == Reached(f"{file} with {count} experiments")
    file.write_text("no database " * 100)
    with pytest.raises(
        UserError, match=rf"^{file} can't be opened \(file is not a database\); move"
    ):
        check_tracking_address()


def test_what_mlflow_raises_becomes_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError) as error, answering("try again"):
        make_client().search_experiments()
    sentence = str(error.value)
    assert sentence.startswith("MLflow at http://127.0.0.1:9 does not answer as it should (")
    assert sentence.endswith("); start the server or set MLFLOW_TRACKING_URI, then try again")
    assert "\n" not in sentence


def test_a_users_mistake_passes_as_it_is() -> None:
    with pytest.raises(UserError, match=r"^no such model$"), answering("try again"):
        raise UserError("no such model")
