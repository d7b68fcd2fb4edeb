"""The codec of Grammar VAE: a molecule as the production rules that derive its SMILES."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symray.chem import _grammar_decode as machine
from symray.chem import _grammar_encode as parser
from symray.chem._parallel import on_texts, on_threads
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
from symray.chem.rules import LEFTS, RULES, Rule
from symray.errors import UserError

Masks = NDArray[np.bool_]

ZINC_LENGTH = 277  # Grammar VAE's

_EXPECTED = {
    parser.NOT_AN_ATOM: "where an atom must stand",
    parser.BAD_BRACKET: "in a bracket atom",
    parser.UNOPENED: "that closes no branch",
    parser.UNCLOSED: "with a branch that is still open",
}
_UNDERIVED = {
    machine.WRONG_RULE: "the rule doesn't belong to the symbol that comes next",
    machine.UNFINISHED: "the derivation ends before the molecule is complete",
    machine.GOES_ON: "there are rules after the molecule is complete",
}


class GrammarCodec(Codec):
    """SMILES as indices of production rules in left-most order (Kusner et al. 2017, section 3).

    The grammar is context-free: it knows nothing of valences or of pairs of ring digits, so what
    it derives is well-formed SMILES and not always a molecule. ``Nothing -> None`` is the padding.

    Args:
        length: the most rules that a molecule may take; Grammar VAE's 277 hold all of ZINC 250k.
    """

    name = "grammar"
    most = 3_000  # about as many atoms as DeepSMILES has
    vocabulary = tuple(f"{left} -> {' '.join(right)}" for left, right in RULES)

    def __init__(self, length: int = ZINC_LENGTH) -> None:
        self.length = checked_length(length, machine.SHORTEST, type(self))

    @property
    def rules(self) -> list[Rule]:
        """The 76 rules as (left, right): a non-terminal and the symbols that replace it."""
        return list(RULES)

    @property
    def lefts(self) -> list[str]:
        """The non-terminals that have rules, in the order of :attr:`left_of_rule`."""
        return list(LEFTS)

    @property
    def left_of_rule(self) -> NDArray[np.int64]:
        """(V,) which of :attr:`lefts` each rule replaces."""
        return machine.LEFT_OF.copy()

    @property
    def rules_of_left(self) -> Masks:
        """(len(lefts), V) the rules of each left side, but for those that can't be completed.

        ``rules_of_left[left_of_rule[x]]`` masks a loss as Grammar VAE does it: at each position
        the softmax runs over the rules of the true rule's left side. Both are small tables that
        can live on the device.
        """
        table: Masks = np.arange(len(LEFTS))[:, None] == machine.LEFT_OF
        return table & machine.POSSIBLE

    @classmethod
    def fit(
        cls, smiles: Sequence[str | None], progress: Progress | None = None
    ) -> tuple[Self, Encoded]:
        """The codec as long as the longest of these molecules, and the molecules encoded by it."""
        texts = [text or "" for text in smiles]
        lengths = on_texts(parser.parse, texts, 0, machine.PADDING, None)[1]
        codec = cls(max(int(lengths[lengths <= cls.most].max(initial=0)), machine.SHORTEST))
        return codec, codec.encode_batch(smiles, progress)

    def encode_batch(
        self, smiles: Sequence[str | None], progress: Progress | None = None
    ) -> Encoded:
        """Encode ``smiles`` (N,) on all cores; what can't be encoded, as None, is in ``bad``."""
        texts = [text or "" for text in smiles]
        indices, lengths, errors = on_texts(
            parser.parse, texts, self.length, self.padding, progress
        )
        bad = []
        unusable = (errors[:, 0] != parser.FINE) | (lengths > self.length)
        for row in map(int, np.flatnonzero(unusable)):
            text, (kind, at) = texts[row], errors[row]
            if not text:
                reason = EMPTY
            elif kind == parser.FINE:
                reason = too_long(int(lengths[row]), self.length)
            else:
                found = f"has '{text[at]}' as character {at + 1}" if at < len(text) else "ends"
                reason = f"can't be read by the grammar: it {found} {_EXPECTED[int(kind)]}"
            bad.append(BadRow(row, text, reason))
            indices[row], lengths[row] = self.padding, 0
        return Encoded(indices, lengths, bad)

    def decode_batch(self, indices: ArrayLike) -> list[str | None]:
        """The SMILES of each row of ``indices`` (N, L), or None for what is no derivation."""
        rows = self._checked_indices(indices, 2)
        text, lengths, errors = _spell(rows)
        return [
            text[row, : lengths[row]].tobytes().decode() if errors[row, 0] == machine.FINE else None
            for row in range(len(rows))
        ]

    def decode(self, indices: ArrayLike) -> str:
        """The SMILES of ``indices`` (n,), with or without padding."""
        row = self._checked_indices(indices, 1)[None]
        text, lengths, errors = _spell(row)
        kind, at = errors[0]
        if kind != machine.FINE:
            raise UserError(f"not a molecule's rules: at position {at} {_UNDERIVED[int(kind)]}")
        return text[0, : lengths[0]].tobytes().decode()

    def choose(
        self,
        logits: ArrayLike,
        generator: np.random.Generator | None = None,
        temperature: float = 1.0,
    ) -> Indices:
        """Rules (N, L) out of ``logits`` (N, L, V); whatever these are, each row is a molecule's.

        Decodes as in Kusner et al. 2017, Algorithm 1, by a stack of symbols that masks all rules
        but those of the next one, and besides those that could not be completed within L.
        """
        array = self._checked_logits(logits, temperature)
        rows, length, _ = array.shape
        if length < machine.SHORTEST:
            raise ValueError(f"logits have {length} positions; give {machine.SHORTEST} or more")
        if array.dtype not in (np.float32, np.float64):
            array = array.astype(np.float32)
        heat = 0.0 if generator is None else float(temperature)
        uniforms = np.empty((rows, 0)) if generator is None else generator.random((rows, length))
        out = np.empty((rows, length), np.uint8)

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            machine.choose(array[part], heat, uniforms[part], out[part])

        on_threads(rows, work)
        return out

    def masks(self, indices: ArrayLike) -> Masks:
        """Which rules :meth:`choose` could have taken at each position of ``indices`` (N, L).

        Returns:
            (N, L, V), True for the rules that were allowed.

        Raises:
            ValueError: a row is no complete derivation.
        """
        rules = self._checked_indices(indices, 2)
        out = np.empty((*rules.shape, self.vocabulary_size), np.bool_)
        bad = machine.masks(rules, out) if rules.shape[1] >= machine.SHORTEST else 0
        if bad >= 0:
            raise ValueError(f"row {bad} is not the complete derivation of a molecule")
        return out

    def to_json(self) -> dict[str, Any]:
        """All that makes this codec."""
        return {
            "codec": self.name,
            "version": self.version,
            "length": self.length,
            "rules": [[left, list(right)] for left, right in RULES],
        }


def _spell(rules: Indices) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Characters (N, 2 L + 2), how many of them (N,), and errors (N, 2)."""
    rows, length = rules.shape
    text = np.empty((rows, 2 * length + 2), np.uint8)
    lengths, errors = np.empty(rows, np.int64), np.empty((rows, 2), np.int64)
    machine.spell(rules, text, lengths, errors)
    return text, lengths, errors
