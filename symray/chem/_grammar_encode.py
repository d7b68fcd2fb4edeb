"""Compiled parser of the SMILES grammar: characters in, rules in left-most order out.

The grammar is unambiguous and one character tells what comes next, but it is left-recursive: the
left-most derivation of ``CCC`` first applies ``chain -> chain branched_atom`` twice. So a first
pass over the characters finds how many atoms each chain has and how many branches each atom, and a
second one writes the rules.

Tokens are those of Grammar VAE: single characters except Cl, Br and @@, wherever they stand.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from symray.chem.rules import rule

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

# What went wrong, in `errors[:, 0]`; where, in `errors[:, 1]`.
FINE, NOT_AN_ATOM, BAD_BRACKET, UNOPENED, UNCLOSED = range(5)

SMILES = rule("smiles", "chain")
BRACKET, ALIPHATIC, AROMATIC = rule("atom", "bracket_atom"), 2, 3
BRACKET_ATOM = rule("bracket_atom", "[ BAI ]")
BAI = rule("BAI", "isotope symbol BAC")  # then without isotope, without BAC, without both
BAC_CHIRAL_BAH, BAC_BAH, BAC_CHIRAL = BAI + 4, BAI + 5, BAI + 6
BAH_HCOUNT_BACH, BAH_BACH, BAH_HCOUNT = BAI + 7, BAI + 8, BAI + 9
BACH_CHARGE = rule("BACH", "charge")
SYMBOL_ALIPHATIC, SYMBOL_AROMATIC = BACH_CHARGE + 2, BACH_CHARGE + 3
ISOTOPE = rule("isotope", "DIGIT")  # then with two and three digits
DIGIT = rule("DIGIT", "1")
CHIRAL = rule("chiral", "@")  # then @@
HCOUNT = rule("hcount", "H")  # then with a digit
MINUS, PLUS = rule("charge", "-"), rule("charge", "+")  # each then with one and two digits
RINGBOND = rule("ringbond", "DIGIT")  # then with a bond
BRANCHED_ATOM = rule("branched_atom", "atom")  # then with RB, with BB, with both
MORE_RB, ONE_RB = rule("RB", "RB ringbond"), rule("RB", "ringbond")
MORE_BB, ONE_BB = rule("BB", "BB branch"), rule("BB", "branch")
BRANCH = rule("branch", "( chain )")  # then with a bond
LAST_ATOM = rule("chain", "branched_atom")
MORE_ATOMS = rule("chain", "chain branched_atom")  # then with a bond

# The rule of each character as an atom, a digit or a bond; 0, which is none of them, elsewhere.
ATOM_RULE = np.zeros(256, np.uint8)
DIGIT_RULE = np.zeros(256, np.uint8)
BOND_RULE = np.zeros(256, np.uint8)
for _table, _left, _characters in (
    (ATOM_RULE, "aliphatic_organic", "BCNOSPFI"),
    (ATOM_RULE, "aromatic_organic", "cnos"),
    (DIGIT_RULE, "DIGIT", "12345678"),
    (BOND_RULE, "bond", "-=#/\\"),
):
    for _character in _characters:
        _table[ord(_character)] = rule(_left, _character)
FIRST_AROMATIC = rule("aromatic_organic", "c")
CHLORINE, BROMINE = rule("aliphatic_organic", "Cl"), rule("aliphatic_organic", "Br")


@njit(nogil=True, cache=True)
def put(out: Bytes, n: int, value: int) -> int:
    """Write ``value`` as the n-th of ``out`` if it fits; how many there are so far."""
    if n < out.size:
        out[n] = value
    return n + 1


@njit(nogil=True, cache=True)
def _element(text: Bytes, at: int) -> tuple[int, int]:
    """The rule of the element at ``at``, 0 if there is none, and the place after it."""
    if at >= text.size:
        return 0, at
    if at + 1 < text.size:
        if text[at] == ord("C") and text[at + 1] == ord("l"):
            return CHLORINE, at + 2
        if text[at] == ord("B") and text[at + 1] == ord("r"):
            return BROMINE, at + 2
    return ATOM_RULE[text[at]], at + 1


@njit(nogil=True, cache=True)
def _digits(text: Bytes, at: int, most: int) -> int:
    """The place after the digits at ``at``, of which there may be ``most``."""
    stop = at
    while stop < text.size and stop - at < most and DIGIT_RULE[text[stop]]:
        stop += 1
    return stop


@njit(nogil=True, cache=True)
def _put_digits(text: Bytes, at: int, stop: int, out: Bytes, n: int) -> int:
    for i in range(at, stop):
        n = put(out, n, DIGIT_RULE[text[i]])
    return n


@njit(nogil=True, cache=True)
def _bracket(text: Bytes, at: int, out: Bytes, n: int) -> tuple[int, int, bool]:
    """The bracket atom whose ``[`` stands at ``at``.

    Returns:
        The place after it, the number of rules so far, True; or the place of the first character
        that fits no rule, a number, False.
    """
    isotope = at + 1
    symbol = _digits(text, isotope, 3)
    element, chiral = _element(text, symbol)
    if element == 0:
        return symbol, n, False
    hydrogens = chiral
    while hydrogens < text.size and hydrogens < chiral + 2 and text[hydrogens] == ord("@"):
        hydrogens += 1
    charge = hydrogens
    if charge < text.size and text[charge] == ord("H"):
        charge = _digits(text, charge + 1, 1)
    end = charge
    if end < text.size and (text[end] == ord("-") or text[end] == ord("+")):
        end = _digits(text, end + 1, 2)
    if end >= text.size or text[end] != ord("]"):
        return end, n, False
    has_chiral, has_hydrogens, has_charge = hydrogens > chiral, charge > hydrogens, end > charge
    has_bac = has_chiral or has_hydrogens or has_charge

    n = put(out, n, BRACKET)
    n = put(out, n, BRACKET_ATOM)
    n = put(out, n, BAI + (symbol == isotope) + 2 * (not has_bac))
    if symbol > isotope:
        n = put(out, n, ISOTOPE + symbol - isotope - 1)
        n = _put_digits(text, isotope, symbol, out, n)
    n = put(out, n, SYMBOL_AROMATIC if element >= FIRST_AROMATIC else SYMBOL_ALIPHATIC)
    n = put(out, n, element)
    if has_bac:
        if not (has_hydrogens or has_charge):
            n = put(out, n, BAC_CHIRAL)
        else:
            n = put(out, n, BAC_CHIRAL_BAH if has_chiral else BAC_BAH)
        if has_chiral:
            n = put(out, n, CHIRAL + hydrogens - chiral - 1)
        if has_hydrogens:
            n = put(out, n, BAH_HCOUNT_BACH if has_charge else BAH_HCOUNT)
            n = put(out, n, HCOUNT + charge - hydrogens - 1)
            n = _put_digits(text, hydrogens + 1, charge, out, n)
        elif has_charge:
            n = put(out, n, BAH_BACH)
        if has_charge:
            n = put(out, n, BACH_CHARGE)
            sign = MINUS if text[charge] == ord("-") else PLUS
            n = put(out, n, sign + end - charge - 1)
            n = _put_digits(text, charge + 1, end, out, n)
    return end + 1, n, True


@njit(nogil=True, cache=True)
def _ring_bonds(text: Bytes, at: int) -> tuple[int, int]:
    """How many ring bonds stand at ``at``, and the place after them."""
    count = 0
    while at < text.size:
        if DIGIT_RULE[text[at]]:
            at += 1
        elif BOND_RULE[text[at]] and at + 1 < text.size and DIGIT_RULE[text[at + 1]]:
            at += 2
        else:
            break
        count += 1
    return count, at


@njit(nogil=True, cache=True)
def _survey(
    text: Bytes, before: Numbers, bonded: Bytes, branches: Numbers, ends: Numbers, open_: Numbers
) -> tuple[int, int]:
    """First pass; all arrays are indexed by the place of an atom in ``text``.

    Args:
        text: the SMILES.
        before: the atom before it in its chain, or -1.
        bonded: whether a bond stands between the two.
        branches: how many branches it has.
        ends: for a chain's first atom, the chain's last.
        open_: scratch: the chains that are open, as (first atom, atom so far) in turn.

    Returns:
        What is wrong, and where.
    """
    nothing = np.empty(0, np.uint8)
    at, depth, first, last, bond = 0, 0, 0, -1, False
    while True:
        atom = at
        if at < text.size and text[at] == ord("["):
            at, _, fine = _bracket(text, at, nothing, 0)
            if not fine:
                return BAD_BRACKET, at
        else:
            element, at = _element(text, at)
            if element == 0:
                return NOT_AN_ATOM, atom
        before[atom], bonded[atom], branches[atom] = last, bond, 0
        last = atom
        _, at = _ring_bonds(text, at)
        while at < text.size and text[at] == ord(")"):
            if depth == 0:
                return UNOPENED, at
            ends[first] = last
            depth -= 1
            first, last = open_[2 * depth], open_[2 * depth + 1]
            at += 1
        if at == text.size:
            ends[first] = last
            return (UNCLOSED, at) if depth > 0 else (FINE, at)
        if text[at] == ord("("):
            branches[last] += 1
            open_[2 * depth], open_[2 * depth + 1] = first, last
            depth += 1
            at += 1
            at += at < text.size and BOND_RULE[text[at]] > 0
            first, last, bond = at, -1, False
        else:
            bond = BOND_RULE[text[at]] > 0
            at += bond


@njit(nogil=True, cache=True)
def _chain(before: Numbers, bonded: Bytes, last: int, out: Bytes, n: int) -> int:
    """The rules that give a chain its atoms, from its last one on backwards."""
    while before[last] >= 0:
        n = put(out, n, MORE_ATOMS + bonded[last])
        last = before[last]
    return put(out, n, LAST_ATOM)


@njit(nogil=True, cache=True)
def _write(
    text: Bytes, before: Numbers, bonded: Bytes, branches: Numbers, ends: Numbers, out: Bytes
) -> int:
    """Second pass: as many rules as fit into ``out``, and how many there are."""
    n = put(out, 0, SMILES)
    n = _chain(before, bonded, ends[0], out, n)
    at = 0
    while at < text.size:
        if text[at] == ord(")"):
            at += 1
            continue
        if text[at] == ord("("):
            at += 1
            bond = BOND_RULE[text[at]]
            n = put(out, n, BRANCH + (bond > 0))
            if bond:
                n = put(out, n, bond)
                at += 1
            n = _chain(before, bonded, ends[at], out, n)
        elif BOND_RULE[text[at]]:
            n = put(out, n, BOND_RULE[text[at]])
            at += 1
        atom = at
        element, after = _element(text, at)
        rings, _ = _ring_bonds(text, _after_atom(text, at))
        n = put(out, n, BRANCHED_ATOM + (rings > 0) + 2 * (branches[atom] > 0))
        if element:
            n = put(out, n, AROMATIC if element >= FIRST_AROMATIC else ALIPHATIC)
            n = put(out, n, element)
            at = after
        else:
            at, n, _ = _bracket(text, at, out, n)
        for ring in range(rings):
            n = put(out, n, MORE_RB if ring < rings - 1 else ONE_RB)
        for _ in range(rings):
            bond = BOND_RULE[text[at]]
            n = put(out, n, RINGBOND + (bond > 0))
            if bond:
                n = put(out, n, bond)
                at += 1
            n = put(out, n, DIGIT_RULE[text[at]])
            at += 1
        for branch in range(branches[atom]):
            n = put(out, n, MORE_BB if branch < branches[atom] - 1 else ONE_BB)
    return n


@njit(nogil=True, cache=True)
def _after_atom(text: Bytes, at: int) -> int:
    """The place after the atom at ``at``, which there is."""
    if text[at] != ord("["):
        return int(_element(text, at)[1])
    while text[at] != ord("]"):
        at += 1
    return at + 1


@njit(nogil=True, cache=True)
def parse(texts: Bytes, starts: Numbers, out: Bytes, lengths: Numbers, errors: Numbers) -> None:
    """Parse N molecules.

    Args:
        texts: their characters, one after the other.
        starts: (N + 1,) where each begins in ``texts``, and the end.
        out: (N, L) receives the rules of each, as many as fit; the rest of a row is left alone.
        lengths: (N,) receives how many rules there are; 0 where there is an error.
        errors: (N, 2) receives what is wrong, and at which character.
    """
    longest = 0
    for row in range(lengths.size):
        longest = max(longest, starts[row + 1] - starts[row])
    # a branch without an atom, as in "C(", is looked up one past the end
    before, branches, ends = np.zeros((3, longest + 2), np.int64)
    bonded = np.zeros(longest + 2, np.uint8)
    open_ = np.zeros(2 * longest + 2, np.int64)
    for row in range(lengths.size):
        text = texts[starts[row] : starts[row + 1]]
        errors[row, 0], errors[row, 1] = _survey(text, before, bonded, branches, ends, open_)
        if errors[row, 0] == FINE:
            lengths[row] = _write(text, before, bonded, branches, ends, out[row])
        else:
            lengths[row] = 0
