"""``symray``: the commands, and what becomes of errors."""

import errno
import os
import tempfile
import time
import traceback
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from symray.cli.commands.compare import compare
from symray.cli.commands.control import extend, reconcile, retry, stop
from symray.cli.commands.data import data
from symray.cli.commands.doctor import doctor
from symray.cli.commands.explain import explain
from symray.cli.commands.files import check, init, new, schema
from symray.cli.commands.generate import generate
from symray.cli.commands.health import health
from symray.cli.commands.launch import launch, resume
from symray.cli.commands.models import models
from symray.cli.commands.pictures import synergy, traverse
from symray.cli.commands.predict import predict
from symray.cli.commands.repeat import rerun, try_file
from symray.cli.commands.report import report
from symray.cli.commands.run_trials import run_trials
from symray.cli.commands.status import status
from symray.cli.commands.studies import studies
from symray.cli.commands.trials import logs, trials
from symray.cli.commands.ui import ui
from symray.cli.options import INTERRUPTED
from symray.cli.output import err, out
from symray.errors import UserError

REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
"""What the system says to a user whose disk is full or not theirs."""


class Guarded(TyperGroup):
    """Turns every exception into one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            _debug()
            _say(str(error))
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            if error.errno not in REFUSED:
                _unexpected(error)
            _debug()
            where = f"{error.filename}: " if error.filename else ""
            _say(f"{where}{error.strerror}; put that right and try again")
            raise typer.Exit(2) from None
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise  # Typer's own business: wrong options, exits
            _unexpected(error)


app = typer.Typer(
    cls=Guarded,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

BEGIN, RUN, LOOK, USE = "Begin", "Run a study", "Look at studies", "Use a model"
for _panel, _name, _command in (
    (BEGIN, "init", init),
    (BEGIN, "try", try_file),
    (BEGIN, "check", check),
    (BEGIN, "schema", schema),
    (BEGIN, "doctor", doctor),
    (RUN, "launch", launch),
    (RUN, "resume", resume),
    (RUN, "run-trials", run_trials),
    (RUN, "stop", stop),
    (RUN, "extend", extend),
    (RUN, "retry", retry),
    (LOOK, "status", status),
    (LOOK, "health", health),
    (LOOK, "trials", trials),
    (LOOK, "explain", explain),
    (LOOK, "logs", logs),
    (LOOK, "compare", compare),
    (LOOK, "report", report),
    (LOOK, "synergy", synergy),
    (LOOK, "ui", ui),
    (LOOK, "rerun", rerun),
    (LOOK, "reconcile", reconcile),
    (USE, "predict", predict),
    (USE, "traverse", traverse),
    (USE, "generate", generate),
):
    app.command(_name, rich_help_panel=_panel)(_command)
app.add_typer(new, name="new", rich_help_panel=BEGIN)
app.add_typer(data, name="data", rich_help_panel=BEGIN)
app.add_typer(studies, name="studies", rich_help_panel=BEGIN)
app.add_typer(models, name="models", rich_help_panel=USE)


def _version(wanted: bool) -> None:
    if wanted:
        import symray

        out().print(f"symray {symray.__version__}")
        raise typer.Exit


@app.callback()
def symray_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    """Distributed hyperparameter studies of symmetry-learning variational autoencoders.

    Begin with: symray launch studies/quickstart.yaml --dry-run
    """


def main() -> None:
    """The console script."""
    app(prog_name="symray")


def _say(sentence: str) -> None:
    console = err()
    console.print("Error: ", style="bold red", end="")
    console.print(sentence)


def _unexpected(error: Exception) -> NoReturn:
    """Exit with a sentence for what nobody has foreseen; a closed pipe is Typer's own business."""
    if isinstance(error, BrokenPipeError):
        raise error
    _debug()
    where = _keep_traceback()
    words = " ".join(str(error).split())
    name = type(error).__name__
    _say(f"unexpected {name}{f': {words}' if words else ''}; the traceback is in {where}")
    raise typer.Exit(1) from None


def _debug() -> None:
    if os.environ.get("SYMRAY_DEBUG"):
        traceback.print_exc()


def _keep_traceback() -> Path:
    """Write the current exception's traceback beside the studies, else where there is room."""
    from symray.record.home import home

    name = time.strftime(f"%Y%m%d-%H%M%S-{os.getpid()}.txt")
    for folder in (home() / "_errors", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(traceback.format_exc())
        except OSError:
            continue
        return folder / name
    return Path(os.devnull)
