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

from symray.chem import Codec, canonical_batch, codec_from_json
from symray.chem.base import quoted
from symray.data.base import DataForm, Split, SplitName
from symray.data.fetch import Progress, silent
from symray.data.molecule_files import Rows
from symray.data.splits import row_digests
from symray.data.stored import PARTS, StoredSet
from symray.data.units import Affine, Symbols, Units
from symray.errors import UserError

VERSION = 1
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
        bad: a sentence for each row of the file that was left out.
    """

    codec: Codec
    indices: NDArray[np.uint8]
    y: NDArray[np.float64]
    canonical: list[str]
    encodes_canonical: bool
    bad: list[str]


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
        self.bad: list[str] = about["bad"]
        codec = codec_from_json(about["codec"])
        self.x_shape = (codec.length, codec.vocabulary_size)
        self.y_dims = len(about["shift"])
        shift, scale = torch.tensor(about["shift"]), torch.tensor(about["scale"])
        self.units = Units(Symbols(codec, about["canonical"]), Affine(shift, scale))
        self._folder = folder
        self._y = np.load(folder / "y.npy", mmap_mode="r")

    @property
    def point_bytes(self) -> int:
        """The bytes of a stored molecule and of its targets."""
        return self.x_shape[0] + 4 * self.y_dims

    def split(self, name: SplitName) -> Split:
        """The molecules of ``name``."""
        x, y = self._read(self._rows[name])
        return Split(x, y, self._y[self._rows[name], 0])

    @cached_property
    def canonical(self) -> list[str]:
        """The canonical SMILES without stereo of all molecules, in the order of the file."""
        return (self._folder / "canonical.txt").read_text().split()

    def molecules(self, part: str) -> frozenset[str]:
        """The different canonical SMILES without stereo of ``train``, ``validation``, ``test``."""
        return frozenset(self.canonical[row] for row in self._rows[part])

    def _read(self, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        units = self.units.y
        y = torch.from_numpy(self._y[rows])
        return torch.from_numpy(self._stored[rows]), (y - units.shift) / units.scale


def encoded(
    rows: Rows, encode: Encode, canonicalise: bool = False, progress: Progress = silent
) -> Molecules:
    """The molecules of ``rows`` that RDKit and the codec read and whose targets are numbers.

    Args:
        rows: of a file.
        encode: by which codec.
        canonicalise: encode the canonical SMILES without stereo instead of those of the file.
        progress: is told of molecules, and how many rows are left out.
    """
    read = canonical_batch(
        rows.smiles, stereo=False, progress=lambda d, n: progress("reading molecules", d, n)
    )
    bad = {one.row: one.reason for one in read.bad}
    texts = [one or "" for one in read.smiles] if canonicalise else rows.smiles
    codec, indices, unencoded = encode(texts, progress)
    bad = {**unencoded, **bad}  # what RDKit says of a molecule goes before
    for row in map(int, np.flatnonzero(~np.isfinite(rows.y).all(axis=1))):
        bad.setdefault(row, "has a target that is not a number")
    keep = np.setdiff1d(np.arange(len(texts)), list(bad))
    told = [f"line {rows.lines[row]}: {quoted(rows.smiles[row])} {bad[row]}" for row in sorted(bad)]
    if told:
        progress(f"{len(told)} rows can't be used and are left out, the first: {told[0]}", 1, 1)
    return Molecules(
        codec,
        indices[keep],
        rows.y[keep],
        [read.smiles[row] or "" for row in keep],
        canonicalise,
        told,
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
        UserError: there are too few.
    """
    if parts is None:
        parts = parts_of(molecules.canonical, source)
    y = molecules.y if molecules.y.shape[1] else np.zeros((len(parts), y_dims))
    training = y[parts == PARTS["train"]]
    shift, scale = training.mean(axis=0), training.std(axis=0)
    scale[scale <= 1e-6 * np.abs(shift)] = 1  # equal up to float32's rounding
    about = {
        "key": key,
        "codec": molecules.codec.to_json(),
        "canonical": molecules.encodes_canonical,
        "shift": shift.tolist(),
        "scale": scale.tolist(),
        "bad": molecules.bad,
    }

    def fill(folder: Path) -> None:
        np.save(folder / "stored.npy", molecules.indices)
        np.save(folder / "y.npy", y.astype(np.float32))
        np.save(folder / "parts.npy", parts)
        (folder / "canonical.txt").write_text("\n".join(molecules.canonical))
        (folder / "about.json").write_text(json.dumps(about))

    return fill


def parts_of(
    canonical: Sequence[str], source: str, held_out: float = HELD_OUT
) -> NDArray[np.uint8]:
    """To which part each molecule belongs: the share ``held_out`` tests, as much validates.

    Molecules are ordered by a hash of their canonical SMILES, so that the order of a file plays no
    role; equal ones stay together.

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
    # the place of the first of equal ones, in the order of the hashes
    place = np.searchsorted(np.sort(digests), digests)
    return np.where(place < count, 2, np.where(place < 2 * count, 1, 0)).astype(np.uint8)
