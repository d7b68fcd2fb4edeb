"""``data``: the data sets that study files know by name, and what is in a file of one's own."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symray.cli.options import Json, Set
from symray.cli.output import err, out, print_json, show, table
from symray.cli.report import show_report

if TYPE_CHECKING:
    from symray.data.fetch import Progress

data = typer.Typer(no_args_is_help=True, help="Data sets, named ones and your own.")


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


@data.command("check")
def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="A study file, or a file of numbers, images or molecules.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    overrides: Set = None,
    as_json: Json = False,
) -> None:
    """Read data as a study would, and say what was read and what looks wrong.

    Rows and why some are left out, columns and what networks see of them, splits, and what stands
    there twice. Of a data file, --set gives what a study file says under data.

    Example: symray data check mine.csv --set data.smiles=SMILES --set "data.targets=[logP]"
    """
    from symray.data import load_data
    from symray.study_file.data_section import data_sections

    specs = data_sections(file, overrides or [])
    prepare_missing(specs)
    reports = [load_data(spec).report() for spec in specs]
    if as_json:
        found = [report.to_json() for report in reports]
        return print_json({"data": found} if len(found) > 1 else found[0])
    for report in reports:
        show_report(report)
    return None


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
