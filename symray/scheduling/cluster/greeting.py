"""Who is at an address that should be Ray's; its own clients blame the token."""

import json
import socket
import urllib.error
import urllib.request
from http.client import HTTPException, RemoteDisconnected

from symray.errors import UserError, shortened

PATIENCE = 5.0
"""Seconds in which whoever takes a connection says something."""

_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""HTTP/2's preface and empty settings (RFC 9113, 3.4), which every gRPC server answers alike."""

_SETTINGS = 4
_TOKEN = (401, 403)


def check_head(host: str, port: int) -> None:
    """See that a head of Ray, a gRPC server, may be at HOST:PORT.

    Raises:
        UserError: nobody listens, or it is something else that answers.
    """
    address = f"{host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.settimeout(PATIENCE)
            connection.sendall(_HELLO)
            said = connection.recv(256)
    except TimeoutError:
        said = b""
    except OSError as error:
        raise UserError(
            f"no Ray cluster answers at {address} ({error.strerror or error}); is its head "
            "running, and can this machine reach it?"
        ) from None
    if said[3:4] != bytes((_SETTINGS,)):
        raise UserError(
            f"{address} is not Ray: {_described(said)}; the port of a head is 6379 by default, or "
            "name its dashboard, http://HEAD:8265"
        )


def check_dashboard(address: str) -> None:
    """See that what answers at http://HEAD:PORT is Ray's dashboard; silent where nobody does.

    Raises:
        UserError: it is something else.
    """
    try:
        with urllib.request.urlopen(f"{address}/api/version", timeout=PATIENCE) as answer:
            known = _is_rays(answer.read(10_000))
            found = f"a web server answers ({answer.headers.get('Server') or 'HTTP 200'})"
    except urllib.error.HTTPError as error:
        known = error.code in _TOKEN  # Ray's client says what is wrong with it
        found = f"a web server answers (HTTP {error.code})"
    except RemoteDisconnected:
        return  # a head that is being stopped
    except HTTPException as error:
        known, found = False, f"it is no web server ({shortened(repr(str(error).strip()))})"
    except TimeoutError:
        known, found = False, _described(b"")
    except (OSError, ValueError):
        return  # nobody is there, and Ray's client says so
    if not known:
        raise UserError(
            f"{address} is not Ray's dashboard: {found}; the dashboard's port is 8265 by default, "
            "as in http://HEAD:8265"
        )


def _is_rays(content: bytes) -> bool:
    try:
        return "ray_version" in json.loads(content)
    except (ValueError, TypeError):
        return False


def _described(said: bytes) -> str:
    if not said:
        return "it takes the connection and says nothing"
    if said.lower().startswith((b"http/", b"<!doctype html", b"<html")):
        return "a web server answers"
    first = said.decode("latin-1").splitlines()[0]
    return f"it answers {shortened(repr(first))}"
