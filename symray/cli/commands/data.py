"""``data``: the data sets that study files know by name, and what is in a file of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from symray.api.preparing import prepare_missing, progress_bars
from symray.cli.options import Json, Set
from symray.cli.output import out, print_json, show, table
from symray.cli.report import show_report

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
