"""Compiled writer of DeepSMILES: characters in, characters out, with the checks that SMILES needs.

The same as the library's ``Converter(rings=True, branches=True).encode``, twenty times as fast, but
for what that reads without noticing: it drops a ring that is opened and not closed, and misplaces
one whose digit follows on a branch or that is opened in another branch than it is closed in. Here
these are errors, because a codec must not turn one molecule into another; RDKit writes no such
SMILES.

A first pass splits the text into items: atoms (a dot counts as one, as in the library) with their
ring bonds, and ends of branches. A second one writes them. A ring bond is written where it closes,
so the order of an atom's neighbours changes, and with it the sense of its chirality.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from symray.chem._grammar_encode import put

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

# What went wrong, in `errors[:, 0]`; where, in `errors[:, 1]`.
FINE, UNREADABLE, RING_AFTER_BRANCH, UNOPENED, OPEN_BRANCH, OPEN_RING, OTHER_BOND, ACROSS = range(8)

# An item is (start, end, bond, first ring bond, end of ring bonds) of an atom, or (-1, atoms, ...)
# of a branch's end. A ring bond is (item, place, bond, depth, its other end or -1).
WIDTH = 5
LABELS = 200  # one digit, then 100 + two digits after %: the library tells 1 from %01


def _set_of(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(characters.encode())] = True
    return table


ATOMS = _set_of("BCNOPSFIbcnops*")
BONDS = _set_of("-=#$/\\")
DIGITS = _set_of("0123456789")
IN_BRACKETS = np.array([32 < n < 127 and chr(n) not in "[]" for n in range(256)])


@njit(nogil=True, cache=True)
def _atom_end(text: Bytes, at: int) -> int:
    """The place after the atom at ``at``, or ``at`` if there is none."""
    if text[at] == ord("["):
        end = at + 1
        while end < text.size and IN_BRACKETS[text[end]]:
            end += 1
        return end + 1 if end > at + 1 and end < text.size and text[end] == ord("]") else at
    after = text[at + 1] if at + 1 < text.size else 0
    if (text[at] == ord("C") and after == ord("l")) or (text[at] == ord("B") and after == ord("r")):
        return at + 2
    return at + 1 if ATOMS[text[at]] else at


@njit(nogil=True, cache=True)
def _agree(bond: int, other: int) -> bool:
    """Whether the two ends of a ring bond can be written so; a slash may face either way."""
    slashes = (bond == ord("/") or bond == ord("\\")) and (other == ord("/") or other == ord("\\"))
    return bond == 0 or other == 0 or bond == other or slashes


@njit(nogil=True, cache=True)
def _is_dot(text: Bytes, at: int) -> bool:
    """Whether a dot stands at ``at``, with something before it in its branch and an atom after."""
    if text[at] != ord(".") or at + 1 == text.size or text[at - 1] == ord("("):
        return False
    return int(_atom_end(text, at + 1)) > at + 1


@njit(nogil=True, cache=True)
def _label(text: Bytes, at: int) -> tuple[int, int]:
    """The ring label at ``at`` and the place after it; -1 if there is none."""
    if at < text.size and DIGITS[text[at]]:
        return text[at] - ord("0"), at + 1
    if at + 2 >= text.size or text[at] != ord("%"):
        return -1, at
    if not (DIGITS[text[at + 1]] and DIGITS[text[at + 2]]):
        return -1, at
    return 100 + 10 * (text[at + 1] - ord("0")) + text[at + 2] - ord("0"), at + 3


@njit(nogil=True, cache=True)
def _split(
    text: Bytes,
    items: Numbers,
    rings: Numbers,
    opened: Numbers,
    branches: Numbers,
    path: Numbers,
) -> tuple[int, int, int]:
    """First pass: fill ``items`` and ``rings``.

    ``opened`` is the ring bond that each label has opened, or -1; the rest is scratch: in
    ``branches`` the number of atoms of each open level, in ``path`` the atoms at each depth.

    Returns:
        How many items there are, what is wrong, and where.
    """
    at, n, n_rings, levels, depth = 0, 0, 0, 0, 0
    branches[0] = 0
    opened[:] = -1
    ring_may_follow, branch_before = False, False
    while at < text.size:
        start = at
        bond = 0
        if BONDS[text[at]]:
            bond = text[at]
            at += 1
            if at == text.size:
                return n, UNREADABLE, start
        label, after = _label(text, at)
        end = _atom_end(text, at)
        if label >= 0:
            if branch_before:
                return n, RING_AFTER_BRANCH, at
            if not ring_may_follow:
                return n, UNREADABLE, start
            other = opened[label]
            rings[n_rings, 0], rings[n_rings, 1], rings[n_rings, 2] = n - 1, at, bond
            rings[n_rings, 3], rings[n_rings, 4] = depth, other
            if other >= 0:
                if rings[other, 3] > depth or path[rings[other, 3]] != rings[other, 0]:
                    return n, ACROSS, at
                if not _agree(bond, rings[other, 2]):
                    return n, OTHER_BOND, at
                rings[other, 4] = n_rings
            opened[label] = n_rings if other < 0 else -1
            n_rings += 1
            items[n - 1, 4] = n_rings
            at = after
        elif end > at or (bond == 0 and n > 0 and _is_dot(text, at)):
            items[n, 0], items[n, 1], items[n, 2] = at, max(end, at + 1), bond
            at = items[n, 1]
            items[n, 3], items[n, 4] = n_rings, n_rings
            branches[levels] += 1
            depth += 1
            path[depth] = n
            n += 1
            ring_may_follow, branch_before = text[at - 1] != ord("."), False
        elif bond or n == 0:
            return n, UNREADABLE, start
        elif text[at] == ord("("):
            if at + 1 < text.size and (text[at + 1] == ord("(") or text[at + 1] == ord(")")):
                return n, UNREADABLE, at
            levels += 1
            branches[levels] = 0
            ring_may_follow = False
            at += 1
        elif text[at] == ord(")"):
            if levels == 0:
                return n, UNOPENED, at
            items[n, 0], items[n, 1] = -1, branches[levels]
            depth -= branches[levels]
            levels -= 1
            n += 1
            ring_may_follow, branch_before = False, True
            at += 1
        else:
            return n, UNREADABLE, at
    if levels:
        return n, OPEN_BRANCH, at
    for label in range(LABELS):
        if opened[label] >= 0:
            return n, OPEN_RING, rings[opened[label], 1]
    return n, FINE, at


@njit(nogil=True, cache=True)
def _inverted(rings: Numbers, first: int, stop: int) -> bool:
    """Whether an atom's ring bonds ``first`` to ``stop - 1`` come in another sense afterwards.

    Their order in SMILES is that of their digits; in DeepSMILES those that close here come first,
    then those that open here, in the order in which they close.
    """
    odd = False
    for a in range(first, stop):
        for b in range(a + 1, stop):
            opens_a, opens_b = rings[a, 4] > a, rings[b, 4] > b
            if opens_a and (not opens_b or rings[a, 4] > rings[b, 4]):
                odd = not odd
    return odd


@njit(nogil=True, cache=True)
def _write_size(size: int, out: Bytes, n: int) -> int:
    """The size of a ring: 6, %12, %(123)."""
    if size < 10:
        return put(out, n, ord("0") + size)
    n = put(out, n, ord("%"))
    unit = 10
    while unit * 10 <= size:
        unit *= 10
    if size >= 100:
        n = put(out, n, ord("("))
    while unit:
        n = put(out, n, ord("0") + size // unit % 10)
        unit //= 10
    return put(out, n, ord(")")) if size >= 100 else n


@njit(nogil=True, cache=True)
def _write(text: Bytes, items: Numbers, rings: Numbers, count: int, out: Bytes) -> int:
    """Second pass: as many characters as fit into ``out``, and how many there are."""
    n = 0
    for item in range(count):
        start, end, bond, first, stop = items[item]
        if start < 0:
            for _ in range(end):
                n = put(out, n, ord(")"))
            continue
        if bond:
            n = put(out, n, bond)
        inverted = _inverted(rings, first, stop)
        at = start
        while at < end:
            n = put(out, n, text[at])
            if inverted and text[at] == ord("@"):
                if text[at + 1] == ord("@"):
                    at += 1
                else:
                    n = put(out, n, ord("@"))
            at += 1
        for ring in range(first, stop):
            other = rings[ring, 4]
            if other < ring:
                bond = rings[ring, 2]
                if not bond:
                    bond = rings[other, 2]
                    if bond == ord("/"):
                        bond = ord("\\")
                    elif bond == ord("\\"):
                        bond = ord("/")
                if bond:
                    n = put(out, n, bond)
                n = _write_size(rings[ring, 3] - rings[other, 3] + 1, out, n)
    return n


@njit(nogil=True, cache=True)
def write(texts: Bytes, starts: Numbers, out: Bytes, lengths: Numbers, errors: Numbers) -> None:
    """Write N molecules as DeepSMILES.

    Args:
        texts: their characters, one after the other.
        starts: (N + 1,) where each begins in ``texts``, and the end.
        out: (N, L) receives the characters of each, as many as fit; the rest of a row is left.
        lengths: (N,) receives how many characters there are; 0 where there is an error.
        errors: (N, 2) receives what is wrong, and at which character.
    """
    longest = 0
    for row in range(lengths.size):
        longest = max(longest, starts[row + 1] - starts[row])
    items = np.empty((longest + 1, WIDTH), np.int64)
    rings = np.empty((longest + 1, WIDTH), np.int64)
    opened = np.empty(LABELS, np.int64)
    branches, path = np.empty((2, longest + 2), np.int64)
    for row in range(lengths.size):
        text = texts[starts[row] : starts[row + 1]]
        count, errors[row, 0], errors[row, 1] = _split(text, items, rings, opened, branches, path)
        lengths[row] = 0
        if errors[row, 0] == FINE:
            lengths[row] = _write(text, items, rings, count, out[row])
