"""Molecules as a data set: encoded once, memory-mapped, split by canonical SMILES."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.chem import Codec, canonical_batch, codec_from_json, parents
from symray.chem.base import quoted
from symray.data.base import DataForm, Split, SplitName
from symray.data.fetch import Progress, silent
from symray.data.molecule_files import Rows
from symray.data.reading import EXAMPLES, BadLine, Refusal, kinds_of, too_many
from symray.data.report import DataReport, columns_of
from symray.data.splits import across, joined_digests, row_digests
from symray.data.standard import is_constant, standard
from symray.data.stored import PARTS, StoredSet
from symray.data.transforms import Affine, Symbols, Transforms
from symray.errors import UserError

VERSION = 2
"""Of what is written to the cache; part of every key."""

LEAST_HELD_OUT = 40  # probes train on half of it
HELD_OUT = 0.05


Encode = Callable[[Sequence[str], Progress], tuple[Codec, NDArray[np.uint8], dict[int, str]]]
"""SMILES to their codec, indices (N, L) and the reason of each row that has none."""


class Molecules(NamedTuple):
    """N encoded molecules.

    Attributes:
        codec: theirs.
        indices: (N, L).
        y: (N, dy) in the file's units.
        canonical: their canonical SMILES without stereo chemistry.
        encodes_canonical: whether it is these that are encoded.
        bad: each row of the file that was left out.
        rows: of the file.
        relatives: a name for each molecule, shared by those that must not be parted; by default
            they are those of equal canonical SMILES.
    """

    codec: Codec
    indices: NDArray[np.uint8]
    y: NDArray[np.float64]
    canonical: list[str]
    encodes_canonical: bool
    bad: list[BadLine]
    rows: int
    relatives: list[str] | None = None


class MoleculeSet(StoredSet):
    """Molecules, read from a folder of the cache that :func:`store` has filled.

    5 % of them validate and 5 % test, as follows from a hash of the canonical SMILES without
    stereo, so that a molecule stands in one part however often and however it is written. Networks
    see Y standardised by the training molecules. Splits are coloured by the first target.
    """

    def __init__(self, folder: Path, name: str, form: DataForm) -> None:
        super().__init__(folder)
        about = json.loads((folder / "about.json").read_text())
        self.name, self.key = name, about["key"]
        self.form = form  # type: ignore[misc]  # a class's own, but for a user's molecules
        self.bad = [BadLine(*one) for one in about["bad"]]
        self.rows: int = about["rows"]
        self._relatives: dict[str, int] = about["relatives"]
        codec = codec_from_json(about["codec"])
        self.x_shape = (codec.length, codec.vocabulary_size)
        self.y_dims = len(about["shift"])
        shift, scale = (torch.tensor(about[n], dtype=torch.float64) for n in ("shift", "scale"))
        self.transforms = Transforms(Symbols(codec, about["canonical"]), Affine(shift, scale))
        self._folder = folder
        self._y = np.load(folder / "y.npy", mmap_mode="r")
        self._seen = np.load(folder / "seen.npy", mmap_mode="r")

    @property
    def point_bytes(self) -> int:
        """The bytes of a stored molecule and of its targets."""
        return self.x_shape[0] + 4 * self.y_dims

    def split(self, name: SplitName) -> Split:
        """The molecules of ``name``."""
        x, y = self._read(self._rows[name])
        return Split(x, y, self._y[self._rows[name], 0].astype(np.float32))

    @cached_property
    def canonical(self) -> list[str]:
        """The canonical SMILES without stereo of all molecules, in the order of the file."""
        return (self._folder / "canonical.txt").read_text().split()

    def molecules(self, part: str) -> frozenset[str]:
        """The different canonical SMILES without stereo of ``train``, ``validation``, ``test``."""
        return frozenset(self.canonical[row] for row in self._rows[part])

    def report(self) -> DataReport:
        """Rows by what became of them, targets, and which molecules are related."""
        codec = self.transforms.x.codec if isinstance(self.transforms.x, Symbols) else None
        named = {target.column: target.name for target in self.form.targets}
        names = [named.get(i, f"y{i + 1}") for i in range(self.y_dims)]
        targets = self.form.y == "targets"
        return DataReport(
            self.name,
            f"molecules of at most {self.x_shape[0]} symbols ({codec.name if codec else ''})",
            self.rows,
            len(self._stored),
            {name: len(rows) for name, rows in self._rows.items()},
            tuple(columns_of("y", names, np.asarray(self._y), self.transforms.y))
            if targets
            else (),
            kinds_of(self.bad),
            tuple(one.sentence for one in self.bad[:EXAMPLES]),
            {
                "rows whose molecule stands there already": self._relatives["repeated"],
                "of them with another Y": self._relatives["with_another_y"],
                "molecules that are salts, ions or tautomers of another": self._relatives[
                    "relatives"
                ],
            },
            across(np.array(self.canonical), self._part_of),
        )

    def _read(self, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self._stored[rows]), torch.from_numpy(self._seen[rows])


def encoded(
    rows: Rows,
    encode: Encode,
    canonicalise: bool = False,
    progress: Progress = silent,
    join_relatives: bool = False,
) -> Molecules:
    """The molecules of ``rows`` that RDKit and the codec read and whose targets are numbers.

    Args:
        rows: of a file.
        encode: by which codec.
        canonicalise: encode the canonical SMILES without stereo instead of those of the file.
        progress: is told of molecules, and how many rows are left out.
        join_relatives: keep salts, ions and tautomers of a molecule with it. The papers' data sets
            are parted without, so that figures on them stay comparable.
    """
    read = canonical_batch(
        rows.smiles, stereo=False, progress=lambda d, n: progress("reading molecules", d, n)
    )
    bad = {one.row: Refusal("are no molecules to RDKit", one.reason) for one in read.bad}
    texts = [one or "" for one in read.smiles] if canonicalise else rows.smiles
    codec, indices, unencoded = encode(texts, progress)
    codecs = {
        row: Refusal(f"can't be written by the codec {codec.name}", reason)
        for row, reason in unencoded.items()
    }
    bad = {**codecs, **bad}  # what RDKit says of a molecule goes before
    lines = {
        row: BadLine.of(rows.lines[row], quoted(rows.smiles[row]), r) for row, r in bad.items()
    }
    for row, refusal in rows.refused.items():  # and what the file says before both
        lines[row] = BadLine.of(rows.lines[row], "the row", refusal)
    for row in map(int, np.flatnonzero(~np.isfinite(rows.y).all(axis=1))):
        no_number = Refusal("have no number for a target", "has a target that is no number")
        lines.setdefault(row, BadLine.of(rows.lines[row], quoted(rows.smiles[row]), no_number))
    keep = np.setdiff1d(np.arange(len(texts)), list(lines))
    told = [lines[row] for row in sorted(lines)]
    if told:
        left_out = f"{len(told)} rows can't be used and are left out"
        progress(f"{left_out}, the first: {told[0].sentence}", 1, 1)
    canonical = [read.smiles[row] or "" for row in keep]
    relatives = None
    if join_relatives:
        found = parents([rows.smiles[row] for row in keep])
        relatives = [one or smiles for one, smiles in zip(found, canonical, strict=True)]
    return Molecules(
        codec,
        indices[keep],
        rows.y[keep],
        canonical,
        canonicalise,
        told,
        len(texts),
        relatives,
    )


def store(
    molecules: Molecules, key: str, source: str, y_dims: int, parts: NDArray[np.uint8] | None = None
) -> Callable[[Path], None]:
    """What fills a folder of the cache with ``molecules``.

    Args:
        molecules: encoded.
        key: fingerprint of the content.
        source: where they come from, for the error's sentence.
        y_dims: width of Y; molecules without targets get zeros.
        parts: which part each belongs to; by :func:`parts_of` where it isn't given.

    Raises:
        UserError: there are too few, or a target has one value only.
    """
    if molecules.bad and not molecules.canonical:
        raise UserError(too_many(source, molecules.bad, molecules.rows))
    if parts is None:
        parts = parts_of(molecules.canonical, source, relatives=molecules.relatives)
    y = molecules.y if molecules.y.shape[1] else np.zeros((len(parts), y_dims))
    if molecules.y.shape[1]:
        constant = np.flatnonzero(is_constant(y))
        if constant.size:
            raise UserError(
                f"{source}: target {constant[0] + 1} is {y[0, constant[0]]:.6g} for all"
                f" {len(y)} molecules, so there is nothing to learn of it; leave it out"
            )
    shift, scale = standard(y[parts == PARTS["train"]])
    seen = ((y - shift) / scale).astype(np.float32)
    about = {
        "key": key,
        "codec": molecules.codec.to_json(),
        "canonical": molecules.encodes_canonical,
        "shift": shift.tolist(),
        "scale": scale.tolist(),
        "bad": molecules.bad,
        "rows": molecules.rows,
        "relatives": _relatives(molecules),
    }

    def fill(folder: Path) -> None:
        np.save(folder / "stored.npy", molecules.indices)
        np.save(folder / "y.npy", y)
        np.save(folder / "seen.npy", seen)
        np.save(folder / "parts.npy", parts)
        (folder / "canonical.txt").write_text("\n".join(molecules.canonical))
        (folder / "about.json").write_text(json.dumps(about))

    return fill


def _relatives(molecules: Molecules) -> dict[str, int]:
    """Of the molecules: how many repeat another one, with another Y, or are a relative of one."""
    canonical = np.array(molecules.canonical, dtype=object)
    if not len(canonical):
        return {"repeated": 0, "with_another_y": 0, "relatives": 0}
    _, first, of = np.unique(canonical, return_index=True, return_inverse=True)
    other = (molecules.y != molecules.y[first][of]).any(axis=1)
    kinds = len(set(molecules.relatives)) if molecules.relatives is not None else len(first)
    return {
        "repeated": len(canonical) - len(first),
        "with_another_y": int(other.sum()),
        "relatives": len(first) - kinds,
    }


def parts_of(
    canonical: Sequence[str],
    source: str,
    held_out: float = HELD_OUT,
    relatives: Sequence[str] | None = None,
) -> NDArray[np.uint8]:
    """To which part each molecule belongs: the share ``held_out`` tests, as much validates.

    Molecules are ordered by a hash of their canonical SMILES, so that the order of a file plays no
    role; equal ones stay together, and so do ``relatives`` of equal names.

    Raises:
        UserError: fewer than 400, of which no 40 could be held out twice.
    """
    if len(canonical) < 10 * LEAST_HELD_OUT:
        raise UserError(
            f"{source}: {len(canonical)} molecules are too few to hold out {LEAST_HELD_OUT} for "
            f"each of validation and test; give {10 * LEAST_HELD_OUT} or more"
        )
    count = max(LEAST_HELD_OUT, round(held_out * len(canonical)))
    digests = row_digests([one.encode() for one in canonical])
    if relatives is not None:
        digests = joined_digests(digests, relatives)
    # the place of the first of equal ones, in the order of the hashes
    place = np.searchsorted(np.sort(digests), digests)
    return np.where(place < count, 2, np.where(place < 2 * count, 1, 0)).astype(np.uint8)
