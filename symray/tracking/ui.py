"""MLflow's own UI over the embedded store, and where a study stands in it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence

from symray.errors import UserError
from symray.record.home import home
from symray.record.studies import find_study
from symray.tracking.address import answering
from symray.tracking.client import artifact_root, make_client, shown_uri, tracking_uri
from symray.tracking.links import comparison_link, experiment_link

PORT = 5000
"""Tried first, as MLflow itself does."""

STARTING = 180.0
"""Seconds that a server may take to answer; 25 on a first start is usual."""

STOPPING = 10.0
"""Seconds that its processes have to end before they are killed."""


def study_page(base: str, names: Sequence[str]) -> str:
    """The address of a study on the server at ``base``, of several side by side, or of the server.

    Raises:
        UserError: no such study, it isn't in MLflow yet, or MLflow doesn't answer.
    """
    ids = [_experiment(name) for name in names]
    if not ids:
        return base
    return experiment_link(base, ids[0]) if len(ids) == 1 else comparison_link(base, ids)


def _experiment(name: str) -> str:
    with answering("try again"):
        experiment = make_client().get_experiment_by_name(name)
    if experiment is None:
        find_study(name)
        raise UserError(
            f"study '{name}' is not at {shown_uri()} yet; `symray reconcile {name}` writes it"
        )
    return str(experiment.experiment_id)


def choose_port(wanted: int | None) -> int:
    """``wanted``, or the first free one from :data:`PORT` on.

    Raises:
        UserError: ``wanted`` is in use.
    """
    if wanted is not None:
        if not _is_free(wanted):
            raise UserError(f"port {wanted} is in use; name another one or leave --port out")
        return wanted
    return next(port for port in range(PORT, 65536) if _is_free(port))


class Server:
    """An MLflow server of this machine alone, over the embedded store, in a session of its own.

    Args:
        port: free.

    Raises:
        UserError: the store can't be opened.
    """

    def __init__(self, port: int) -> None:
        home().mkdir(parents=True, exist_ok=True)
        with answering("try again"):
            make_client()  # the store must be whole before the server looks at it
        self.base = f"http://127.0.0.1:{port}"
        self.log = home() / "mlflow-ui.log"
        root = artifact_root()
        artifacts = ["--artifacts-destination", root.as_uri()] if root else []
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                    *("--host", "127.0.0.1", "--port", str(port)),
                    *artifacts,
                ],
                env=os.environ
                | {
                    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                    "MLFLOW_BACKEND_STORE_URI": tracking_uri(),  # all see a command's options
                },
                cwd=home(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process, and the group of all its children."""
        return self._process.pid

    def wait(self, stopping: threading.Event) -> bool:
        """Wait until it answers; False when ``stopping`` is set before.

        Raises:
            UserError: it has ended, or doesn't answer.
        """
        until = time.monotonic() + STARTING
        while not stopping.wait(0.2):
            self.check()
            if _answers(f"{self.base}/health"):
                return True
            if time.monotonic() > until:
                raise UserError(f"the MLflow server doesn't answer; what it said is in {self.log}")
        return False

    def check(self) -> None:
        """See that it is there.

        Raises:
            UserError: it has ended.
        """
        if self._process.poll() is not None:
            raise UserError(f"the MLflow server has ended; what it said is in {self.log}")

    def stop(self) -> None:
        """End it and all its children."""
        until = time.monotonic() + STOPPING
        self._signal(signal.SIGTERM)
        while self._signal(0):
            if time.monotonic() > until:
                self._signal(signal.SIGKILL)
            self._process.poll()
            time.sleep(0.05)

    def _signal(self, number: int) -> bool:
        """Send a signal to the whole group; False when nobody is left in it."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
