"""``data``: the data sets that study files know by name."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symray.cli.output import err, out, show, table

if TYPE_CHECKING:
    from symray.data.fetch import Progress

data = typer.Typer(no_args_is_help=True, help="Data sets that study files know by name.")


@data.command("list")
def list_data() -> None:
    """List the data sets, and which of them are ready on this machine.

    Example: symray data list
    """
    from symray.data import DATA_SETS

    rows = [
        [name, cls.form.x, "yes" if cls.is_prepared() else "no", cls.summary]
        for name, cls in DATA_SETS.items()
    ]
    show(table(["data", "X", "ready", "what it is"], rows))


@data.command("prepare")
def prepare(
    name: Annotated[
        str, typer.Argument(help="Name of a data set.", metavar="NAME", show_default=False)
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="File, or folder of files, that you have; by default SYMRAY_DATA, "
            "else it is fetched from its publisher.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Fetch, check and encode a data set, once for all studies on this machine.

    Example: symray data prepare zinc --from 250k_rndm_zinc_drugs_clean_3.csv
    """
    from symray.data import named_data_set

    cls = named_data_set(name)
    with progress_bars() as progress:
        cls.prepare(source, progress)
    out().print(f"data set '{name}' is ready")


def prepare_missing(specs: Iterable[str | Mapping[str, Any]]) -> None:
    """Prepare those data sets among ``specs`` that aren't ready on this machine.

    Raises:
        UserError: a publisher is away, or a file can't be used.
    """
    from symray.data import named_data_set, prepare_data

    done: list[object] = []
    for spec in specs:
        if spec in done:
            continue
        done.append(spec)
        if isinstance(spec, str) and not named_data_set(spec).is_prepared():
            err().print(f"data set '{spec}' is prepared, once for all studies on this machine")
        with progress_bars() as progress:
            prepare_data(spec, progress)


@contextmanager
def progress_bars() -> "Iterator[Progress]":
    """Something that draws how far each thing is, on stderr; in a log only beginnings are told."""
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    begun: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def show_progress(what: str, done: int, total: int | None) -> None:
            if what not in begun:
                begun[what] = bars.add_task(what, total=total)
                if not console.is_terminal:
                    console.print(what)
            bars.update(begun[what], completed=done, total=total)

        yield show_progress
