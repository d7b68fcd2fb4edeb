"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(help="Study file.", metavar="FILE", show_default=False)]
Name = Annotated[str, typer.Argument(help="Study.", metavar="NAME", show_default=False)]
Number = Annotated[int, typer.Argument(help="Trial.", metavar="NUMBER", min=0, show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for programs.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Change a key of the file, as in training.epochs=5; can be repeated.",
        metavar="KEY=VALUE",
        show_default=False,
    ),
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Run in the background, also when the terminal closes.")
]
