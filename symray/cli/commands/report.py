"""``symray report``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from symray.cli.output import err


def report(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Studies; a suite's name stands for all of its."),
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help=".html, .md, .tex, .csv or .json; a table on stdout by default.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        Literal["html", "md", "latex", "csv", "json"] | None,
        typer.Option("--format", help="Instead of what the file's name says; md on stdout."),
    ] = None,
) -> None:
    """Write studies as one page that needs nothing else, or as a table ready for a paper.

    Example: symray report quickstart --out report.html
    """
    from symray.api.report import report_text, write_report

    if to is None:
        print(report_text(names, format or "md"), end="")
        return
    write_report(*names, out=to, format=format)
    err().print(f"{to} written")
