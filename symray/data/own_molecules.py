"""A user's own molecules: columns of a CSV file, encoded once and cached."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symray.chem import CODECS, Codec
from symray.data.base import DataForm, Target
from symray.data.cache import cached
from symray.data.fetch import Progress, file_digest, silent
from symray.data.image_set import hash_name
from symray.data.molecule_files import read_molecules
from symray.data.molecule_set import VERSION, MoleculeSet, encoded, store
from symray.data.reading import layout_of, require_file, too_many
from symray.errors import UserError, nearest, shortened

SPEC_KEYS = ("csv", "smiles", "targets", "codec", "bad_rows", "bad_rows_most")
BAD_ROWS_MOST = 0.05
EXAMPLE = "{csv: FILE, smiles: COLUMN, targets: [COLUMN, ...]}"


def molecules_form(spec: Mapping[str, Any]) -> DataForm:
    """What X and Y of a study file's ``{csv: FILE, ...}`` are; reads no data.

    Raises:
        UserError: there is no such codec, or two targets would have one name.
    """
    codec = str(spec.get("codec", "deepsmiles"))
    if codec not in CODECS:
        raise UserError(f"data: there is no codec '{shortened(codec)}'{nearest(codec, CODECS)}")
    columns = [str(column) for column in spec.get("targets", ())]
    if not columns:
        return DataForm("strings", "none", codec)
    names = [target_name(column) for column in columns]
    for column, name in zip(columns, names, strict=True):
        if names.count(name) > 1:
            raise UserError(
                f"data: two targets would be called '{shortened(name)}'; "
                f"rename '{shortened(column)}'"
            )
    targets = tuple(Target(name, column) for column, name in enumerate(names))
    return DataForm("strings", "targets", codec, targets)


def target_name(column: str) -> str:
    """A column's name as metrics have it: ``log P`` becomes ``log_p``."""
    name = re.sub(r"\W+", "_", column.strip().lower()).strip("_") or "y"
    return f"{name}_" if name.endswith("_sd") else name  # which names a spread


def molecules_from_spec(spec: Mapping[str, Any], progress: Progress = silent) -> MoleculeSet:
    """The data set of a study file's ``{csv: FILE, smiles: COLUMN, targets: [COLUMN, ...]}``.

    Args:
        spec: also ``codec``: ``deepsmiles`` or ``grammar``, as long as the longest molecule takes;
            ``bad_rows``: ``skip`` leaves out, counts and reports what can't be used, unless it is
            more than the share ``bad_rows_most`` (.05) of all rows; ``stop`` is an error.
        progress: hears how it goes.

    Raises:
        UserError: a key is unknown or missing, the file can't be used, or a row can't.
    """
    for key in spec:
        if key not in SPEC_KEYS:
            raise UserError(f"data: unknown key '{shortened(key)}'{nearest(str(key), SPEC_KEYS)}")
    form = molecules_form(spec)
    path, column = Path(spec["csv"]), str(spec.get("smiles", "smiles"))
    targets = [str(name) for name in spec.get("targets", ())]
    most = float(spec.get("bad_rows_most", BAD_ROWS_MOST))
    require_file(path)
    codec_version = CODECS[form.networks].version
    content = [
        file_digest(path), layout_of(path), column, targets, form.networks, codec_version
    ]  # fmt: skip
    key = f"molecules-v{VERSION}-{hash_name(json.dumps(content))}"

    def encode(
        smiles: Sequence[str], progress: Progress
    ) -> tuple[Codec, NDArray[np.uint8], dict[int, str]]:
        codec, found = CODECS[form.networks].fit(
            smiles, lambda d, n: progress("encoding molecules", d, n)
        )
        return codec, found.indices, {one.row: one.reason for one in found.bad}

    def make(folder: Path) -> None:
        progress(f"reading {path}", 0, None)
        rows = read_molecules(path, column, targets)
        molecules = encoded(rows, encode, progress=progress, join_relatives=True)
        skip = spec.get("bad_rows", "skip") == "skip"
        if skip and len(molecules.bad) > most * molecules.rows:  # before what follows from it
            raise UserError(too_many(str(path), molecules.bad, molecules.rows, most))
        store(molecules, key, str(path), 1)(folder)

    found = MoleculeSet(cached(key, make), str(path), form)
    if found.bad and spec.get("bad_rows", "skip") == "stop":
        more = f", and {len(found.bad) - 1} more" if len(found.bad) > 1 else ""
        raise UserError(
            f"{path}: {found.bad[0].sentence}{more} (bad_rows: skip leaves such rows out)"
        )
    if len(found.bad) > most * found.rows:
        raise UserError(too_many(str(path), found.bad, found.rows, most))
    return found
