"""Optuna's dashboard as a server of this process, on loopback."""

import json
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.report.dashboard.shown_study import ShownStudy

Start = Callable[[str, list[tuple[str, str]]], Any]

READS = ("GET", "HEAD")


class Dashboard:
    """The dashboard on one study; it is served from :meth:`start` to :meth:`stop`.

    Args:
        record: the study.
        port: free.
        run_link: the address of an MLflow run by its id; None where no server shows one.

    Attributes:
        address: the study's page.

    Raises:
        UserError: optuna-dashboard isn't installed.
    """

    def __init__(
        self, record: StudyRecord, port: int, run_link: Callable[[str], str | None]
    ) -> None:
        try:
            from optuna_dashboard import wsgi
        except ImportError:
            raise UserError(
                "--dashboard needs optuna-dashboard, which isn't installed here: "
                "pip install 'symray[dashboard]'"
            ) from None
        study = ShownStudy(record, run_link)
        app = wsgi(study, artifact_store=study.files)
        self.address = f"http://127.0.0.1:{port}{study.path}"
        self._server = make_server("127.0.0.1", port, _reading(app), _Server, _Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _reading(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """``app`` without what would change a study; its own page shows the reason."""

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in READS:
            return app(environ, start)
        start("403 Forbidden", [("Content-Type", "application/json")])
        reason = "symray shows the study here; its driver alone writes to it"
        return [json.dumps({"reason": reason}).encode()]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the command's."""
