"""Arguments, options and exit codes that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

INTERRUPTED = 130
"""Exit code of a study that was stopped before it was complete."""

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
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help=r"Folder of a downloaded model, or NAME\[@alias|:version]."
    ),
]
Code = Annotated[
    Path | None,
    typer.Option("--code", metavar="DIR", help="Folder of the package of an own model; it is run."),
]
AcceptCodeChange = Annotated[
    bool,
    typer.Option(
        "--accept-code-change", help="Use that code even if the model was trained with another."
    ),
]
NewCode = Annotated[
    bool, typer.Option("--accept-code-change", help="Go on although the code has changed.")
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Run in the background, also when the terminal closes.")
]
