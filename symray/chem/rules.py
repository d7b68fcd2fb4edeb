"""The grammar of SMILES of Grammar VAE, as data."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rule = tuple[str, tuple[str, ...]]

# Kusner, Paige and Hernandez-Lobato 2017, "Grammar Variational Autoencoder": the grammar of their
# experiment on ZINC, in the order that gives each rule its index. Alternatives of one left side
# follow each other. `class` has no rule in it, so rules 29 and 31 can't be completed, and neither
# the authors' decoder nor this one ever takes them; they stay, for the indices' sake.
_GRAMMAR = r"""
smiles : chain
atom : bracket_atom | aliphatic_organic | aromatic_organic
aliphatic_organic : B | C | N | O | S | P | F | I | Cl | Br
aromatic_organic : c | n | o | s
bracket_atom : [ BAI ]
BAI : isotope symbol BAC | symbol BAC | isotope symbol | symbol
BAC : chiral BAH | BAH | chiral
BAH : hcount BACH | BACH | hcount
BACH : charge class | charge | class
symbol : aliphatic_organic | aromatic_organic
isotope : DIGIT | DIGIT DIGIT | DIGIT DIGIT DIGIT
DIGIT : 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
chiral : @ | @@
hcount : H | H DIGIT
charge : - | - DIGIT | - DIGIT DIGIT | + | + DIGIT | + DIGIT DIGIT
bond : - | = | # | / | \
ringbond : DIGIT | bond DIGIT
branched_atom : atom | atom RB | atom BB | atom RB BB
RB : RB ringbond | ringbond
BB : BB branch | branch
branch : ( chain ) | ( bond chain )
chain : branched_atom | chain branched_atom | chain bond branched_atom
Nothing : None
"""


def _read(grammar: str) -> list[Rule]:
    pairs = (line.split(" : ") for line in grammar.strip().splitlines())
    return [(left, tuple(right.split())) for left, rights in pairs for right in rights.split(" | ")]


RULES: list[Rule] = _read(_GRAMMAR)
LEFTS: list[str] = list(dict.fromkeys(left for left, _ in RULES))
"""Left sides in the order of their rules; the last, ``Nothing``, is the padding's."""

NON_TERMINALS = {*LEFTS, "class", "None"}

WIDEST = max(len(right) for _, right in RULES)

NEVER = 1_000_000
"""The completion length of what can't be completed."""


def rule(left: str, right: str) -> int:
    """The index of the rule ``left -> right``, its symbols separated by spaces."""
    return RULES.index((left, tuple(right.split())))


def completion_lengths() -> dict[str, int]:
    """The fewest rules that turn each non-terminal into terminals; NEVER where none do.

    The least fixed point of len(A) = min over A's rules of 1 + the sum of their right sides' len,
    reached from above (Knuth 1977, "A generalization of Dijkstra's algorithm").
    """
    lengths = dict.fromkeys(NON_TERMINALS, NEVER)
    while True:
        before = dict(lengths)
        for left, right in RULES:
            if left != "Nothing":
                total = 1 + sum(lengths.get(symbol, 0) for symbol in right)
                lengths[left] = min(lengths[left], total)
        if lengths == before:
            return lengths


class Tables(NamedTuple):
    """The grammar as arrays for compiled code; R rules, A left sides.

    Symbols are numbers: below A a left side, from A on the terminal ``spelling[symbol - A]``.

    Attributes:
        left_of: (R,) the left side of each rule.
        first, stop: (A,) the rules of a left side are ``first`` to ``stop - 1``.
        right: (R, 4) the right side of each rule.
        right_size: (R,) how many symbols of it there are.
        growth: (R,) what a rule adds to the completion length of the stack, NEVER or more if it
            can't be completed.
        spelling: (T, 2) the characters of each terminal, 0 where it has only one.
    """

    left_of: NDArray[np.int64]
    first: NDArray[np.int64]
    stop: NDArray[np.int64]
    right: NDArray[np.int64]
    right_size: NDArray[np.int64]
    growth: NDArray[np.int64]
    spelling: NDArray[np.uint8]


def tables() -> Tables:
    """:class:`Tables` of RULES."""
    lengths = completion_lengths()
    terminals = _terminals(right for _, right in RULES)
    # `class` and `None` are never pushed; they get a number so that every rule has one
    numbers = {symbol: n for n, symbol in enumerate([*LEFTS, *terminals, "class", "None"])}
    lefts = [left for left, _ in RULES]
    right = np.full((len(RULES), WIDEST), -1)
    for row, (_, symbols) in zip(right, RULES, strict=True):
        row[: len(symbols)] = [numbers[symbol] for symbol in symbols]
    growth = [
        sum(lengths.get(symbol, 0) for symbol in symbols) - lengths[left] for left, symbols in RULES
    ]
    spelling = np.zeros((len(terminals), 2), np.uint8)
    for row, terminal in zip(spelling, terminals, strict=True):
        row[: len(terminal)] = list(terminal.encode())
    return Tables(
        left_of=np.array([numbers[left] for left in lefts]),
        first=np.array([lefts.index(left) for left in LEFTS]),
        stop=np.array([lefts.index(left) + lefts.count(left) for left in LEFTS]),
        right=right,
        right_size=np.array([len(symbols) for _, symbols in RULES]),
        growth=np.array(growth),
        spelling=spelling,
    )


def _terminals(rights: Iterable[tuple[str, ...]]) -> list[str]:
    symbols = dict.fromkeys(symbol for right in rights for symbol in right)
    return [symbol for symbol in symbols if symbol not in NON_TERMINALS]
