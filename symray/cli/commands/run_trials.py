"""``run-trials``."""

from pathlib import Path
from typing import Annotated

import typer

from symray.cli.options import INTERRUPTED, Json, NewCode, Set


def run_trials(
    where: Annotated[
        Path,
        typer.Argument(
            help="A study's folder, or a study file, which begins one.",
            metavar="FOLDER",
            show_default=False,
        ),
    ],
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Stop at a checkpoint after so many.", metavar="N", min=0, show_default=False
        ),
    ] = None,
    overrides: Set = None,
    accept_code_change: NewCode = False,
    as_json: Json = False,
) -> None:
    """Train what is due of a study in this process, without Ray and MLflow.

    For a machine that has a GPU and little else: the study's folder
    travels there and back, in slices if need be. Afterwards
    `symray reconcile` brings MLflow what was trained, and `symray resume`
    can go on with it anywhere. Exits with 130 until the study is complete.

    Example: symray run-trials runs/quickstart --minutes 9
    """
    from symray.api.bare import run_trials as run
    from symray.cli.commands.launch import show_studies

    records = run(where, overrides or [], minutes, accept_code_change, INTERRUPTED)
    show_studies(records, as_json, suite=len(records) > 1)
