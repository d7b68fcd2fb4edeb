"""``init``, ``schema``, ``new`` and ``check``: what is there before a study."""

import json
from pathlib import Path
from typing import Annotated

import typer

from symray.cli.output import out, show, table
from symray.errors import UserError

new = typer.Typer(no_args_is_help=True, help="Write the beginnings of something of your own.")


def init(
    file: Annotated[
        Path, typer.Argument(help="File to write.", metavar="FILE", show_default=True)
    ] = Path("study.yaml"),
) -> None:
    """Write a study file that explains each of its keys.

    Example: symray init my-study.yaml
    """
    from symray.study_file import commented_template

    _write(file, commented_template())
    out().print(f"{file} written; next: symray launch {file} --dry-run")


def schema() -> None:
    """Print the JSON Schema of study files, for editors.

    Example: symray schema > study.schema.json
    """
    from symray.study_file import json_schema

    print(json.dumps(json_schema(), indent=2))


@new.command("model")
def new_model(
    name: Annotated[
        str, typer.Argument(help="Name of its package.", metavar="NAME", show_default=False)
    ],
) -> None:
    """Write a package with a model of your own that works, and a study file for it.

    Example: symray new model my_lab
    """
    from symray.models.template import write_model_template
    from symray.study_file import own_model_template

    file = Path(f"{name}.yaml")
    if file.exists():
        raise UserError(f"{file} exists already; choose another name or remove it")
    written = write_model_template(name, Path())
    _write(file, own_model_template(name))
    for path in [*written, file]:
        out().print(f"{path} written")
    out().print(f"next: symray check {name}.models:MyVAE, then symray try {file}")


def check(
    model: Annotated[
        str,
        typer.Argument(help="package.module:Class", metavar="MODEL", show_default=False),
    ],
    code: Annotated[
        Path | None,
        typer.Option(
            help="Folder of its package; by default the one of that name here, if there is one.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check that a model of your own does what symray asks of models.

    Exits with 1 when a check fails.

    Example: symray check my_lab.models:MyVAE
    """
    from symray.models.contract import check_model
    from symray.models.registry import model_class

    package = Path(model.partition(":")[0].split(".")[0])
    if code is None and ":" in model and package.is_dir():
        code = package
    checks = check_model(model_class(model, code))
    rows = [["ok" if c.passed else "FAILED", c.name, c.detail] for c in checks]
    show(table(["", "check", "found"], rows))
    failed = sum(not c.passed for c in checks)
    if failed:
        out().print(f"{failed} of {len(checks)} checks failed")
        raise typer.Exit(1)
    out().print(f"all {len(checks)} checks passed")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} exists already; name another file or remove it") from None
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}") from None
