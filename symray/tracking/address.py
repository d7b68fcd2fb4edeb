"""What is at MLflow's address: a server that answers, one that may come back, or never one."""

import errno
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import BadStatusLine, RemoteDisconnected
from pathlib import Path
from typing import NamedTuple, NoReturn

import requests
from mlflow import MlflowClient
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from symray.errors import UserError, shortened
from symray.record.home import home
from symray.tracking.client import brief, causes, is_embedded, shown_uri, tracking_uri

PATIENCE = 4.0
"""Seconds in which a server answers a small question, or counts as away."""

_EXPERIMENTS = "/api/2.0/mlflow/experiments/search"
_BUSY = (408, 425, 429)
_TIMED = ("postgresql", "mysql")
_NEVER = (
    "unable to open",
    "not a database",
    "authentication failed",
    "does not exist",
    "not known",
    "pg_hba.conf",
)
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_SERVER = "name a server as http://HOST:5000, or unset MLFLOW_TRACKING_URI for a store of its own"


class Reached(NamedTuple):
    """What was found at MLflow's address.

    Attributes:
        found: in words.
        away: why it doesn't answer now; None where it does.
    """

    found: str
    away: str | None = None


def check_tracking_address() -> Reached:
    """Ask MLflow's address once; makes nothing.

    Raises:
        UserError: MLflow can never be there as things are.
    """
    if is_embedded() and not (home() / "mlflow.db").exists():
        return Reached(f"{shown_uri()}, made when the first study needs it")
    uri = tracking_uri()
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme in ("http", "https"):
        return _server(uri)
    if scheme in DATABASE_ENGINES:
        return _database(uri)
    return _other(uri)


@contextmanager
def answering(then: str) -> Iterator[None]:
    """See that MLflow answers, and make one sentence of what it raises, ending with ``then``.

    Raises:
        UserError: it doesn't, or raises anything.
    """
    reached = check_tracking_address()
    if reached.away:
        _raise_away(reached.away, then)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        _raise_away(brief(error), then, error)


def _raise_away(why: str, then: str, error: Exception | None = None) -> NoReturn:
    raise UserError(
        f"MLflow at {shown_uri()} does not answer as it should ({why}); "
        f"start the server or set MLFLOW_TRACKING_URI, then {then}"
    ) from error


def may_come_back(error: BaseException) -> bool:
    """Whether what a request raised is an outage: nobody listens, silence, a closed connection."""
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, socket.gaierror):
            return cause.errno == socket.EAI_AGAIN
        if isinstance(cause, ssl.SSLError | requests.exceptions.InvalidURL):
            return False
        if isinstance(cause, BadStatusLine) and not isinstance(cause, RemoteDisconnected):
            return False
    outages = (ConnectionError, TimeoutError, requests.Timeout, requests.ConnectionError)
    return any(
        isinstance(cause, outages) or (isinstance(cause, OSError) and cause.errno in _UNREACHABLE)
        for cause in chain
    )


def _server(uri: str) -> Reached:
    try:
        answer = _ask(uri, _EXPERIMENTS, "POST", json={"max_results": 1000})
    except Exception as error:
        # Whatever the libraries below raise, it is either an outage or an address that is none.
        if may_come_back(error):
            return Reached(shown_uri(), brief(error))
        if any(isinstance(cause, BadStatusLine) for cause in causes(error)):
            _refuse("answers, but is no web server", "name MLflow's: http://HOST:5000")
        _refuse(f"can't be asked ({brief(error)})", "correct the address: http://HOST:5000")
    if answer.status_code in _BUSY or (
        answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        and answer.status_code != HTTPStatus.NOT_IMPLEMENTED  # of a server that knows no POST
    ):
        return Reached(shown_uri(), f"HTTP {answer.status_code} {answer.reason}")
    if answer.history:
        _refuse(f"leads to {answer.url.removesuffix(_EXPERIMENTS)}", "name that address")
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        _refuse(
            "refuses the user",
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
        )
    if answer.status_code == HTTPStatus.FORBIDDEN:
        said = brief(ValueError(answer.text[:100]))
        _refuse(f"refuses ({said})", "start its server with --allowed-hosts, or ask who runs it")
    count = _experiments(answer)
    version = _version(uri) if count is not None else None
    if count is None or (not count and version is None):
        _refuse(
            f"answers, but not as MLflow does (HTTP {answer.status_code})",
            "name MLflow's own address, without the path of a page: http://HOST:5000",
        )
    return Reached(f"{shown_uri()}, version {version or 'unknown'}, with {count} experiments")


def _ask(uri: str, path: str, method: str, **what: object) -> requests.Response:
    """One request as MLflow's client makes it, without its patience."""
    credentials = get_default_host_creds(uri)  # type: ignore[no-untyped-call]
    return http_request(  # type: ignore[no-any-return, no-untyped-call]
        credentials,
        path,
        method,
        timeout=PATIENCE,
        max_retries=0,
        raise_on_status=False,
        **what,
    )


def _experiments(answer: requests.Response) -> int | None:
    """How many an answer lists; None where it isn't one of MLflow's."""
    try:
        content = json.loads(answer.text)
    except ValueError:
        return None
    if answer.status_code != HTTPStatus.OK or not isinstance(content, dict):
        return None
    listed = content.get("experiments", [])
    return len(listed) if isinstance(listed, list) else None


def _version(uri: str) -> str | None:
    try:
        text = _ask(uri, "/version", "GET").text.strip()
    except Exception:  # it has just answered what matters
        return None
    return text if re.fullmatch(r"\d+(\.\w+)+", text) else None


def _database(uri: str) -> Reached:
    try:
        url = make_url(uri)
        if url.get_backend_name() == "sqlite":
            if (why := _unfit(url.database)) is not None:
                _refuse(why, "name a file in a folder that you may write to")
            if not Path(str(url.database)).is_file():
                return Reached(f"{shown_uri()}, made when the first study needs it")
        # MLflow's own client tries for minutes.
        limit = {"connect_timeout": int(PATIENCE)} if url.get_backend_name() in _TIMED else {}
        with create_engine(url, poolclass=NullPool, connect_args=limit).connect():
            pass
        count = len(MlflowClient(uri, uri).search_experiments(max_results=1000))
    except UserError:
        raise
    except (ArgumentError, NoSuchModuleError):
        _refuse("is no address of a database", "write it as postgresql://USER@HOST/NAME")
    except ModuleNotFoundError as error:
        _refuse(f"needs Python's {error.name}, which isn't here", f"install it, or {_SERVER}")
    except Exception as error:
        # Whatever a driver raises: servers may come back, files don't.
        words = str(error)
        if isinstance(error, DBAPIError) and not any(part in words for part in _NEVER):
            return Reached(shown_uri(), brief(error))
        _refuse(f"can't be opened ({brief(error)})", "move it away, or name another one")
    return Reached(f"{shown_uri()} with {count} experiments")


def _unfit(file: str | None) -> str | None:
    """Why a SQLite file can't be or can't become MLflow's; None where it can."""
    if not file or file == ":memory:":
        return "is forgotten with every process"
    path = Path(file)
    if path.is_dir():
        return "is a folder"
    above = next(folder for folder in path.absolute().parents if folder.exists())
    may = path.is_file() or (above.is_dir() and os.access(above, os.W_OK | os.X_OK))
    return None if may else f"can't be made in {above}"


def _other(uri: str) -> Reached:
    """Databricks, plug-ins, folders: MLflow's own client says whether it has a way there."""
    try:
        count = len(MlflowClient(uri, uri).search_experiments(max_results=1000))
    except Exception as error:
        # Whatever MLflow, a plug-in or a cloud's client raises.
        if may_come_back(error):
            return Reached(shown_uri(), brief(error))
        if re.match(r"file:|[^:]*$", uri) and "databricks" not in uri:
            _refuse("is a folder, and MLflow keeps nothing in folders any more", _SERVER)
        _refuse(f"is no address that MLflow can use here ({shortened(brief(error), 90)})", _SERVER)
    return Reached(f"{shown_uri()} with {count} experiments")


def _refuse(why: str, way_out: str) -> NoReturn:
    name = shown_uri() if is_embedded() else f"MLFLOW_TRACKING_URI={shown_uri()}"
    raise UserError(f"{name} {why}; {way_out}")
