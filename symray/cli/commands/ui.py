"""``symray ui``."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from symray.cli.output import err, out
from symray.errors import UserError


def ui(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Study to show, or several to compare."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="By default 5000, or the next free one."),
    ] = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Optuna's dashboard on the study, instead.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave the server running and return.")
    ] = False,
) -> None:
    """Show studies in the browser: starts MLflow's UI, or names its page where a server runs.

    With --dashboard, Optuna's own dashboard on one study, which can only be looked at there.

    Example: symray ui quickstart
    """
    from symray.tracking.links import server as running_server
    from symray.tracking.ui import Server, choose_port, study_page

    if dashboard:
        if len(names or []) != 1 or no_wait:
            raise UserError(
                "--dashboard shows one study as long as the command runs: give one "
                "NAME, and no --no-wait"
            )
        assert names
        _dashboard(names[0], choose_port(port))
        return
    base = running_server()
    if base is not None:
        out().print(study_page(base, names or []))
        return
    chosen = choose_port(port)
    page = study_page(f"http://127.0.0.1:{chosen}", names or [])
    with _stopping() as stopping:
        server = Server(chosen)
        leave = False
        try:
            with err().status("starting MLflow, the first time this takes half a minute ..."):
                ready = server.wait(stopping)
            if ready:
                out().print(page)
            if ready and no_wait:
                out().print(f"stop it with: kill {server.pid}")
                leave = True
                return
            if ready:
                err().print("Ctrl-C here stops the server")
            while not stopping.wait(1):
                server.check()
        finally:
            if not leave:
                server.stop()


def _dashboard(name: str, port: int) -> None:
    from symray.record.study_record import StudyRecord
    from symray.report.dashboard import Dashboard
    from symray.tracking.links import run_link
    from symray.tracking.links import server as running_server

    base = running_server()
    with _stopping() as stopping:
        shown = Dashboard(
            StudyRecord.open(name), port, lambda run: run_link(base, run) if base else None
        )
        shown.start()
        try:
            out().print(shown.address)
            err().print("Ctrl-C here stops the server")
            stopping.wait()
        finally:
            shown.stop()


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and a closed terminal set."""
    event = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: event.set()) for number in numbers}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
