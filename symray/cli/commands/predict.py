"""``symray predict``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symray.cli.options import AcceptCodeChange, Code, ModelName
from symray.cli.output import err

if TYPE_CHECKING:
    from symray.training.loaded import LoadedModel


def predict(
    model: ModelName,
    data: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help=".npz with x (and y for conditional models), .csv with columns x1, x2, ...; "
            "of images .npz; of molecules .csv with a column smiles, or .smi.",
        ),
    ] = None,
    smiles: Annotated[
        list[str] | None,
        typer.Option(metavar="SMILES", help="A molecule; can be repeated.", show_default=False),
    ] = None,
    column: Annotated[
        str, typer.Option(metavar="NAME", help="The column of SMILES of --input.")
    ] = "smiles",
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
    from symray.api.model import load_model
    from symray.data.transforms import Symbols
    from symray.errors import UserError
    from symray.insight.molecules import read_smiles
    from symray.insight.predict import check_suffix, write_predictions
    from symray.insight.predict import predict as predict_file

    if to is not None:
        check_suffix(to)
    loaded = load_model(model, code=code, accept_code_change=accept_code_change)
    if isinstance(loaded.transforms.x, Symbols):
        _predict_molecules(loaded, read_smiles(smiles or [], data, column), to, codes)
        return
    if data is None or smiles:
        raise UserError(f"model '{loaded.spec.model}' was not trained on molecules: give --input")
    arrays = predict_file(loaded, data, codes)
    write_predictions(arrays, to)
    rows = len(next(iter(arrays.values())))
    err().print(f"{rows} rows, {', '.join(arrays)} written to {to or 'standard output'}")


def _predict_molecules(
    model: "LoadedModel", smiles: list[str], to: Path | None, codes: bool
) -> None:
    from symray.errors import UserError
    from symray.insight.molecules import predict_molecules, write_table

    if to is not None and to.suffix != ".csv":
        raise UserError(f"{to}: predictions of molecules are written to a .csv")
    names, rows = predict_molecules(model, smiles, codes)
    write_table((names, rows), to)
    bad = sum(bool(row[-1]) for row in rows)
    failed = f", {bad} of them can't be used, see the column error" if bad else ""
    err().print(f"{len(rows)} molecules written to {to or 'standard output'}{failed}")
