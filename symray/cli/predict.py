"""``symray predict``."""

from pathlib import Path
from typing import Annotated

import typer

from symray.cli.options import AcceptCodeChange, Code, ModelName
from symray.cli.output import err


def predict(
    model: ModelName,
    data: Annotated[
        Path,
        typer.Option(
            "--input",
            metavar="FILE",
            help=".npz with x (and y for conditional models), or .csv with columns x1, x2, ...; "
            "of images .npz.",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help=".npz or .csv; CSV on stdout by default."),
    ] = None,
    code: Code = None,
    accept_code_change: AcceptCodeChange = False,
    codes: Annotated[bool, typer.Option("--codes", help="Add the codes z0 and z1.")] = False,
) -> None:
    """Apply a trained model to a file: y, the reconstruction x_hat, and the codes if asked.

    Example: symray predict quickstart@champion --input points.csv --out predicted.csv
    """
    from symray.study.predict import check_suffix, model_folder, write_predictions
    from symray.study.predict import predict as predict_file
    from symray.training.bundle import load_bundle

    if to is not None:
        check_suffix(to)
    with model_folder(model) as folder:
        loaded = load_bundle(folder, code, accept_code_change)
    arrays = predict_file(loaded, data, codes)
    write_predictions(arrays, to)
    rows = len(next(iter(arrays.values())))
    err().print(f"{rows} rows, {', '.join(arrays)} written to {to or 'standard output'}")
