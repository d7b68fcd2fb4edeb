"""MLflow's server on a port of its own, and a way to it that is slow at times.

The slow way is a process of its own, so that what it does takes nothing from who measures.
"""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 120.0
"""Seconds that a server may take to answer on a busy machine."""


@contextmanager
def mlflow_server(scratch: Path) -> Iterator[str]:
    """The address of an MLflow server over SQLite that keeps all in ``scratch``."""
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{scratch / 'mlflow.db'}", "--workers", "1"]
    command += ["--artifacts-destination", str(scratch / "artifacts")]
    environment = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    log = scratch / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{uri}/health", server)
        yield uri
    finally:
        server.terminate()
        server.wait()


@contextmanager
def held_up(uri: str, delay: float, phase: float) -> Iterator[str]:
    """The address of the same server, which in every other phase answers ``delay`` s later."""
    port = _free_port()
    given = [str(port), uri.rpartition(":")[2], str(delay), str(phase)]
    command = [sys.executable, "-m", "measuring.servers", *given]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1])
    slow = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{slow}/health", process)
        yield slow
    finally:
        process.terminate()
        process.wait()


def is_held_up(moment: float, phase: float) -> bool:
    """Whether requests are held up at this time of the clock, in phases of so many seconds."""
    return int(moment / phase) % 2 == 1


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(address, timeout=5)
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {address}")


def _forward(source: socket.socket, target: socket.socket, delay: float, phase: float) -> None:
    """Pass on what comes, each piece after ``delay`` seconds if it is the time for that."""
    with suppress(OSError):
        while piece := source.recv(1 << 20):
            if delay and is_held_up(time.time(), phase):
                time.sleep(delay)
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _serve(port: int, target: int, delay: float, phase: float) -> None:
    """Pass every connection on to another port; what is asked is held up, answers aren't."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            client, _ = server.accept()
            behind = socket.create_connection(("127.0.0.1", target))
            for pair in ((client, behind, delay), (behind, client, 0.0)):
                threading.Thread(target=_forward, args=(*pair, phase), daemon=True).start()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
