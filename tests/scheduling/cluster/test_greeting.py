"""What is at an address that should be Ray's."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from strangers import Serve
from symray.errors import UserError
from symray.scheduling.cluster import greeting
from symray.scheduling.cluster.greeting import check_dashboard, check_head

HEAD = """
import ray
from symray.scheduling.cluster.own import ensure_token
ensure_token()
ray.init(address="local", include_dashboard=False, log_to_driver=False)
print(ray.get_runtime_context().gcs_address, flush=True)
input()
"""


@pytest.fixture
def web() -> Iterator[int]:
    """The port of a web server that has nothing to do with Ray."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "nginx", ""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *what: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_head_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    env = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    head = subprocess.Popen(
        [sys.executable, "-c", HEAD],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert head.stdout is not None
        host, port = head.stdout.readline().strip().split(":")
        check_head(host, int(port))
        with pytest.raises(UserError, match="is not Ray's dashboard: it is no web server"):
            check_dashboard(f"http://{host}:{port}")
    finally:
        head.communicate("\n", timeout=60)


def test_nobody_is_there() -> None:
    with pytest.raises(UserError, match=r"no Ray cluster answers at 127.0.0.1:9 \(Connection ref"):
        check_head("127.0.0.1", 9)
    check_dashboard("http://127.0.0.1:9")  # left to Ray's client


def test_a_web_server(web: int) -> None:
    with pytest.raises(UserError, match=r"is not Ray: a web server answers; .* 6379 by default"):
        check_head("127.0.0.1", web)
    said = r"is not Ray's dashboard: a web server answers \(nginx ?\); the dashboard's port is 8265"
    with pytest.raises(UserError, match=said):
        check_dashboard(f"http://127.0.0.1:{web}")


@pytest.mark.parametrize(
    ("answer", "head", "dashboard"),
    [
        (b"-ERR unknown command 'PRI'\r\n", "it answers .-ERR unknown", "no web server .*-ERR"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "it answers 'SSH-2.0-OpenSSH_9.6'", "no web server .*SSH"),
        (None, "takes the connection and says nothing", "takes the connection and says nothing"),
    ],
)
def test_something_else(
    answer: bytes | None,
    head: str,
    dashboard: str,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(greeting, "PATIENCE", 0.5)
    port = serve(answer)
    with pytest.raises(UserError, match=head):
        check_head("127.0.0.1", port)
    with pytest.raises(UserError, match=dashboard):
        check_dashboard(f"http://127.0.0.1:{port}")
