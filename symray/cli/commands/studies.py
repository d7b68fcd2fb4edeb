"""``studies``: the study files that come with symray."""

from pathlib import Path
from typing import Annotated

import typer

from symray.cli.output import out, show, table

studies = typer.Typer(no_args_is_help=True, help="Study files that come with symray.")


@studies.command("list")
def list_studies() -> None:
    """List the study files: one by one and as suites, small and at the papers' size.

    Example: symray studies list
    """
    from symray.study_file.shipped import shipped_studies

    show(table(["name", "what it is"], [[*row] for row in shipped_studies().items()]))


@studies.command("copy")
def copy(
    name: Annotated[
        str, typer.Argument(help="As the list has it.", metavar="NAME", show_default=False)
    ],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to copy it to.")] = Path(),
) -> None:
    """Copy a study file, with what it extends, to launch it or to change it.

    Example: symray studies copy artificial/stib --to studies
    """
    from symray.study_file.shipped import copy_study

    path = copy_study(name, to)
    out().print(f"{path} written; launch it with: symray launch {path}")
