"""A trained model of molecules applied to SMILES, and tables of what came out."""

import csv
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import torch

from symray.chem import qed
from symray.data import load_data, named_data_set
from symray.data.molecule_files import read_molecules
from symray.data.molecule_set import MoleculeSet
from symray.errors import UserError
from symray.training.generation import Generated, properties, symbols_of
from symray.training.loaded import LoadedModel

Table = tuple[list[str], list[list[object]]]
"""Names of columns, and rows."""

PLACE = 4096
"""Molecules at a time."""


def read_smiles(given: Sequence[str], path: Path | None, column: str) -> list[str]:
    """SMILES from the command line and of a ``.csv`` or ``.smi`` file.

    Raises:
        UserError: the file can't be read, or there is not one.
    """
    smiles = list(given)
    if path is not None:
        if not path.is_file():
            raise UserError(f"there is no file {path}")
        smiles += read_molecules(path, column).smiles
    if not smiles:
        raise UserError("nothing to predict; give --smiles or --input")
    return smiles


def predict_molecules(model: LoadedModel, smiles: Sequence[str], codes: bool) -> Table:
    """Properties of each molecule, its codes if asked, and in ``error`` what is wrong with it.

    Raises:
        UserError: the model is of something else, or predicts nothing and no codes are asked for.
    """
    if not (model.model.predicts_y or codes):
        raise UserError(
            f"model '{model.spec.model}' does not predict Y: ask for its codes, --codes"
        )
    transform = symbols_of(model)
    names: list[str] = []
    rows: list[list[object]] = []
    for start in range(0, len(smiles), PLACE):
        part = list(smiles[start : start + PLACE])
        columns: dict[str, Sequence[object]] = {"smiles": part}
        encoded = transform.encoded(part)
        bad = {one.row: one.reason for one in encoded.bad}
        if model.model.predicts_y:
            columns |= {name: v.tolist() for name, v in properties(model, [*part])[0].items()}
        if codes:
            found = model.encode_stored(torch.from_numpy(encoded.indices))
            for name in ("z0", "z1"):
                found[name][list(bad)] = np.nan
                columns |= {f"{name}_{i}": c.tolist() for i, c in enumerate(found[name].T, 1)}
        columns["error"] = [bad.get(row, "") for row in range(len(part))]
        names = list(columns)
        rows += map(list, zip(*columns.values(), strict=True))
    return names, rows


def generated_table(model: LoadedModel, made: Sequence[Generated]) -> Table:
    """Every generated molecule with what was fixed and what the model predicts of it.

    QED is computed by RDKit, too, where it is a target.
    """
    wanted = list(dict.fromkeys(name for one in made for name in one.wanted))
    predicted = list(made[0].predicted) if made else []
    true = ["qed"] if "qed" in wanted else []
    names = ["smiles", *(f"fixed_{n}" for n in wanted), *(f"predicted_{n}" for n in predicted)]
    rows: list[list[object]] = []
    for one in made:
        extra = [qed(one.smiles).tolist()] if true else []
        columns = [one.predicted[name].tolist() for name in predicted] + extra
        for smiles, *values in zip(one.smiles, *columns, strict=True):
            rows.append([smiles or "", *(one.wanted.get(n, "") for n in wanted), *values])
    return [*names, *(f"rdkit_{name}" for name in true)], rows


def training_molecules(model: LoadedModel) -> frozenset[str] | None:
    """Canonical SMILES without stereo of what ``model`` was trained on; None where not prepared."""
    spec = model.spec.data
    if isinstance(spec, str) and not named_data_set(spec).is_prepared():
        return None
    try:
        data = load_data(spec)
    except UserError:
        return None  # a file of the machine that trained it
    return data.molecules("train") if isinstance(data, MoleculeSet) else None


def write_table(table: Table, path: Path | None) -> None:
    """Write a table as CSV, the first column alone to an ``.smi``, or as CSV to stdout for None.

    Raises:
        UserError: the file can't be written.
    """
    names, rows = table
    if path is None:
        _write(names, rows, sys.stdout)
        return
    try:
        with path.open("w", newline="") as file:
            if path.suffix == ".smi":
                file.writelines(f"{row[0]}\n" for row in rows if row[0])
            else:
                _write(names, rows, file)
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}") from error


def _write(names: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO) -> None:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(names)
    for row in rows:
        table.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in row])
