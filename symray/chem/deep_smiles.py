"""DeepSMILES, character by character: branches and rings without pairs of symbols."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symray.chem import _deepsmiles_encode as writer
from symray.chem._deepsmiles import decode_chunk
from symray.chem._parallel import on_processes, on_texts
from symray.chem.base import (
    EMPTY,
    BadRow,
    Codec,
    Encoded,
    Indices,
    Progress,
    checked_length,
    too_long,
)
from symray.errors import UserError

CHUNK = 5_000
SPACE = ord(" ")

ZINC_CHARACTERS = "#%)+-/0123456789=@BCFHINOPS[\\]clnors"
ZINC_LENGTH = 113

_REASONS = {
    writer.UNREADABLE: "can't be read: it has '{found}' as character {at}",
    writer.RING_AFTER_BRANCH: (
        "has a ring's digit after a branch, as character {at}, which DeepSMILES can't write; put it"
        " before the branch"
    ),
    writer.ACROSS: (
        "closes the ring '{found}', as character {at}, in another branch than it opens it in, which"
        " DeepSMILES can't write; RDKit's canonical SMILES avoids that"
    ),
    writer.OTHER_BOND: "can't be read: its ring '{found}' has two kinds of bond, at character {at}",
    writer.UNOPENED: "can't be read: it has ')' as character {at} that closes no branch",
    writer.OPEN_BRANCH: "can't be read: it ends with a branch that is still open",
    writer.OPEN_RING: "can't be read: its ring '{found}' is not closed",
}


class DeepSmilesCodec(Codec):
    """DeepSMILES with rings and branches (O'Boyle and Dalke 2018) as indices of characters.

    Ring digits become ring sizes, so decoding numbers rings anew: it keeps the molecule and not
    the SMILES, while ``encode(decode(c))`` gives back the code ``c`` of a molecule. The padding is
    shown as a space.

    Args:
        characters: the vocabulary without the padding, each character once; ZINC 250k's are 36.
        length: the most characters that a molecule may take; ZINC 250k's longest takes 113.
    """

    name = "deepsmiles"
    most = 900  # the library recurses from atom to atom, and Python ends that at 1,000

    def __init__(self, characters: str = ZINC_CHARACTERS, length: int = ZINC_LENGTH) -> None:
        if not characters or len({*characters, " "}) != len(characters) + 1:
            raise UserError(
                f"the characters {characters!r} are no vocabulary; give each once, without space"
            )
        if not all(33 <= ord(character) < 127 for character in characters):
            raise UserError(f"the characters {characters!r} are not all printable ASCII")
        self.characters = characters
        self.length = checked_length(length, 1, type(self))
        self.vocabulary = (*characters, " ")
        self._index = np.full(256, len(characters), np.uint8)
        self._index[list(characters.encode())] = range(len(characters))
        self._character = np.array([ord(character) for character in self.vocabulary], np.uint8)

    @classmethod
    def fit(
        cls, smiles: Sequence[str | None], progress: Progress | None = None
    ) -> tuple[Self, Encoded]:
        """The codec with the characters and the length of these molecules, and them encoded."""
        texts = [text or "" for text in smiles]
        lengths = on_texts(writer.write, texts, 0, SPACE, None)[1]
        length = max(1, int(lengths[lengths <= cls.most].max(initial=1)))
        written = on_texts(writer.write, texts, length, SPACE, progress)
        used = np.zeros(256, np.bool_)
        for start in range(0, len(texts), CHUNK):  # as an index, a code takes eight bytes
            used[written[0][start : start + CHUNK]] = True
        used[SPACE] = False
        used[:33] = used[127:] = False  # what is no SMILES is told below
        characters = bytes(np.flatnonzero(used).tolist()).decode()
        codec = cls(characters or ZINC_CHARACTERS, length)
        return codec, codec._encoded(texts, *written)

    def encode_batch(
        self, smiles: Sequence[str | None], progress: Progress | None = None
    ) -> Encoded:
        """Encode ``smiles`` (N,) on all cores; what can't be encoded, as None, is in ``bad``."""
        texts = [text or "" for text in smiles]
        return self._encoded(texts, *on_texts(writer.write, texts, self.length, SPACE, progress))

    def decode_batch(self, indices: ArrayLike) -> list[str | None]:
        """The SMILES of each row of ``indices`` (N, L), or None for what can't be read."""
        texts = self.texts(self._checked_indices(indices, 2))
        decoded = on_processes(decode_chunk, texts, CHUNK)
        return [smiles if reason is None else None for chunk in decoded for smiles, reason in chunk]

    def decode(self, indices: ArrayLike) -> str:
        """The SMILES of ``indices`` (n,), with or without padding."""
        (text,) = self.texts(self._checked_indices(indices, 1)[None])
        ((smiles, reason),) = decode_chunk([text])
        if reason is not None:
            raise UserError(f"the DeepSMILES '{text}' can't be read: {reason}")
        return smiles

    def texts(self, indices: ArrayLike) -> list[str]:
        """The DeepSMILES of each row of ``indices`` (N, L), up to its first padding."""
        rows = self._checked_indices(indices, 2)
        return [text.split(" ", 1)[0] for text in _lines(self._character[rows])]

    def choose(
        self,
        logits: ArrayLike,
        generator: np.random.Generator | None = None,
        temperature: float = 1.0,
    ) -> Indices:
        """Characters (N, L) out of ``logits`` (N, L, V); all after the first padding is padding."""
        array = self._checked_logits(logits, temperature)
        if generator is None:
            indices: Indices = array.argmax(axis=2).astype(np.uint8)
        else:
            indices = np.empty(array.shape[:2], np.uint8)
            for row, logits_of_row in zip(indices, array, strict=True):
                row[:] = _drawn(logits_of_row, generator, temperature)
        indices[np.logical_or.accumulate(indices == self.padding, axis=1)] = self.padding
        return indices

    def to_json(self) -> dict[str, Any]:
        """All that makes this codec."""
        return {
            "codec": self.name,
            "version": self.version,
            "length": self.length,
            "characters": self.characters,
        }

    def _encoded(
        self,
        texts: list[str],
        written: Indices,
        lengths: NDArray[np.int64],
        errors: NDArray[np.int64],
    ) -> Encoded:
        """DeepSMILES (N, length), filled up with spaces, as indices."""
        indices = self._index[written]
        unknown = ((indices == self.padding) & (written != SPACE)).any(axis=1)
        unusable = (errors[:, 0] != writer.FINE) | (lengths == 0) | (lengths > self.length)
        bad = []
        for row in map(int, np.flatnonzero(unusable | unknown)):
            kind, at = errors[row]
            if not texts[row]:
                reason = EMPTY
            elif kind != writer.FINE:
                found = texts[row][at : at + (3 if texts[row][at : at + 1] == "%" else 1)]
                reason = _REASONS[int(kind)].format(found=found, at=at + 1)
            elif lengths[row] > self.length:
                reason = too_long(int(lengths[row]), self.length)
            else:
                strange = written[row][(indices[row] == self.padding) & (written[row] != SPACE)]
                reason = f"has '{chr(strange[0])}', which is not in the codec's vocabulary"
            bad.append(BadRow(row, texts[row], reason))
            indices[row], lengths[row] = self.padding, 0
        return Encoded(indices, lengths, bad)


def _lines(characters: NDArray[np.uint8]) -> list[str]:
    """The rows of ``characters`` (N, L) as strings."""
    text = characters.tobytes().decode()
    length = characters.shape[1]
    return [text[row * length : (row + 1) * length] for row in range(len(characters))]


def _drawn(
    logits: NDArray[Any], generator: np.random.Generator, temperature: float
) -> NDArray[np.uint8]:
    """An index for each row of ``logits`` (L, V), by the inverse of the cumulated probabilities."""
    rows = logits.astype(np.float64)
    highest = rows.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # infinite ones are set below
        weights = np.exp((rows - highest) / temperature)
    weights = np.where(rows == highest, 1.0, weights)
    sums = weights.cumsum(axis=1)
    thresholds = generator.random((len(rows), 1)) * sums[:, -1:]
    drawn: Indices = (sums <= thresholds).sum(axis=1).astype(np.uint8)
    return drawn
