"""Ports at which something else answers than what a test's address should lead to."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

Serve = Callable[[bytes | None], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A port of this machine that gives each caller these bytes and hangs up; None is silence."""
    listeners, kept = [], []

    def begin(answer: bytes | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer_all() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                kept.append(caller)
                if answer is not None:
                    caller.recv(65536)
                    caller.sendall(answer)
                    caller.close()

        threading.Thread(target=answer_all, daemon=True).start()
        return int(listener.getsockname()[1])

    yield begin
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for caller in kept:
        caller.close()
