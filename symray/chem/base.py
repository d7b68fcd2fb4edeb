"""What a codec of molecules is: SMILES in, small integers out, and back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symray.errors import UserError

Indices = NDArray[np.uint8]
Progress = Callable[[int, int], None]
"""Called with (molecules done, molecules in all) every now and then, and once at the end."""


@dataclass(frozen=True)
class BadRow:
    """A molecule of a batch that can't be used.

    Attributes:
        row: its place in the batch, from 0.
        smiles: what stands there.
        reason: what is wrong with it; it follows on the SMILES in a sentence.
    """

    row: int
    smiles: str
    reason: str

    def sentence(self, first_line: int = 1) -> str:
        """One sentence with the line of the file whose line ``first_line`` holds row 0."""
        return f"line {self.row + first_line}: {quoted(self.smiles)} {self.reason}"


class Encoded(NamedTuple):
    """A batch of encoded molecules.

    Attributes:
        indices: (N, length), filled up with the codec's padding; a bad row is padding only.
        lengths: (N,) symbols of each molecule before the padding, 0 for a bad row.
        bad: the rows that could not be encoded, in order.
    """

    indices: Indices
    lengths: NDArray[np.int64]
    bad: list[BadRow]


class Codec(ABC):
    """Turns SMILES into indices of a vocabulary and back; immutable, and equal by its vocabulary.

    The last index of the vocabulary is the padding. A sequence ends at its first padding.

    Attributes:
        name: its name in study files and in :meth:`to_json`.
        version: raised when the same vocabulary gives other indices; part of :meth:`to_json`, so
            that what was encoded by an older version is not mistaken for this one's.
        most: the largest ``length`` there is, which every molecule that is encoded can be decoded
            from, and with which networks can be trained.
        length: positions that a network sees; no longer molecule is encoded.
        vocabulary: what each index stands for, for people; the padding is the last.
    """

    name: str
    version: int = 1
    most: ClassVar[int]
    length: int
    vocabulary: tuple[str, ...]

    @property
    def vocabulary_size(self) -> int:
        """How many indices there are, padding included: the width of a one-hot row."""
        return len(self.vocabulary)

    @property
    def padding(self) -> int:
        """The index that fills up a sequence."""
        return len(self.vocabulary) - 1

    @classmethod
    @abstractmethod
    def fit(
        cls, smiles: Sequence[str | None], progress: Progress | None = None
    ) -> tuple[Self, Encoded]:
        """The smallest codec for these molecules, and the molecules encoded by it."""

    @abstractmethod
    def encode_batch(
        self, smiles: Sequence[str | None], progress: Progress | None = None
    ) -> Encoded:
        """Encode ``smiles`` (N,) on all cores; what can't be encoded, as None, is in ``bad``."""

    @abstractmethod
    def decode_batch(self, indices: ArrayLike) -> list[str | None]:
        """The SMILES of each row of ``indices`` (N, L), or None where the row has none.

        Raises:
            ValueError: ``indices`` are not integers of the vocabulary in two dimensions.
        """

    @abstractmethod
    def choose(
        self,
        logits: ArrayLike,
        generator: np.random.Generator | None = None,
        temperature: float = 1.0,
    ) -> Indices:
        """Indices (N, L) out of ``logits`` (N, L, V): the most probable, or drawn by ``generator``.

        Args:
            logits: unnormalised log-probabilities of any size; infinite ones are allowed.
            generator: source of randomness; None takes the largest logit.
            temperature: divides the logits before a draw.

        Raises:
            UserError: logits are NaN.
            ValueError: they have another shape, or the temperature isn't above 0.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """All that makes this codec, for :func:`symray.chem.codec_from_json`; saved with models."""

    def encode(self, smiles: str) -> Indices:
        """The indices (n,) of one molecule, without padding.

        Raises:
            UserError: it can't be encoded, is empty or longer than ``length``.
        """
        encoded = self.encode_batch([smiles])
        if encoded.bad:
            raise UserError(f"{quoted(smiles)} {encoded.bad[0].reason}")
        return encoded.indices[0, : encoded.lengths[0]].copy()

    @abstractmethod
    def decode(self, indices: ArrayLike) -> str:
        """The SMILES of ``indices`` (n,), with or without padding.

        Raises:
            UserError: they spell no molecule.
            ValueError: they are not integers of the vocabulary in one dimension.
        """

    def must_match(self, description: Mapping[str, Any], what: str) -> None:
        """Refuse to use this codec with what was made for another one.

        Args:
            description: another codec's :meth:`to_json`.
            what: what it came with, the sentence's subject: "the model", "the cached arrays".

        Raises:
            UserError: ``description`` is not this codec's, naming the first difference.
        """
        own = self.to_json()
        for key in sorted({*own, *description}, key=lambda key: (key != "codec", key)):
            if own.get(key) != description.get(key):
                raise UserError(
                    f"{what} was made with another codec: '{key}' is"
                    f" {_short(description.get(key))} there and {_short(own.get(key))} here"
                )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Codec) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.name, self.length, self.vocabulary))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(length={self.length}, {self.vocabulary_size} symbols)"

    def _checked_logits(self, logits: ArrayLike, temperature: float) -> NDArray[Any]:
        """``logits`` as an array (N, L, V) without NaN."""
        array = np.asarray(logits)
        if array.ndim != 3 or array.shape[2] != self.vocabulary_size:
            raise ValueError(
                f"logits have the shape {array.shape}; give (molecules, positions,"
                f" {self.vocabulary_size})"
            )
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}; give a number above 0")
        # a sum is NaN wherever a summand is, and also for opposite infinities, so look again
        with np.errstate(invalid="ignore", over="ignore"):
            suspect = np.isnan(array.sum(axis=2, dtype=np.float64))
        if suspect.any() and np.isnan(array[suspect]).any():
            row, position = np.argwhere(np.isnan(array).any(axis=2))[0]
            raise UserError(
                f"logits are NaN in row {row} at position {position}: the model that gave them"
                " has diverged; use an earlier checkpoint"
            )
        return array

    def _checked_indices(self, indices: ArrayLike, dimensions: int) -> Indices:
        """``indices`` as uint8, all of them in the vocabulary."""
        array = np.asarray(indices)
        if array.ndim != dimensions or (array.size and array.dtype.kind not in "iu"):
            raise ValueError(
                f"indices are {array.dtype} of the shape {array.shape}; give integers in"
                f" {dimensions} dimension{'s' if dimensions > 1 else ''}"
            )
        if array.size and not 0 <= array.min() <= array.max() < self.vocabulary_size:
            raise ValueError(
                f"indices go from {array.min()} to {array.max()}, the vocabulary from 0 to"
                f" {self.padding}"
            )
        return np.ascontiguousarray(array, dtype=np.uint8)


def quoted(smiles: str) -> str:
    """``smiles`` for a sentence, its beginning where it is long."""
    return _short(smiles) if smiles else "an empty string"


def too_long(symbols: int, length: int) -> str:
    """The reason for a molecule of ``symbols`` where only ``length`` fit."""
    return f"is too long: it takes {symbols} positions, and there are {length}"


def checked_length(length: int, least: int, codec: type[Codec]) -> int:
    """``length``, where a codec can have it.

    Raises:
        UserError: it is less than ``least``, or more than the codec's most.
    """
    if not least <= length <= codec.most:
        raise UserError(
            f"length is {length}; the codec '{codec.name}' takes {least} to {codec.most}"
        )
    return length


EMPTY = "is no molecule; remove it"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
