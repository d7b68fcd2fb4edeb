"""Compiled stack machine of the SMILES grammar: logits to rules, rules to characters, masks.

A derivation is a stack of symbols, the next one on top, and the number of rules it still takes at
the least. A rule is allowed if it belongs to the symbol on top and if, after it, the stack can
still be emptied within the positions that are left: so no derivation is ever cut off, and at least
one rule is always allowed, because the shortest way out is. After the last one comes padding.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from symray.chem.rules import LEFTS, NEVER, RULES, completion_lengths, tables

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

TABLES = tables()
LEFT_OF, FIRST, STOP, RIGHT, RIGHT_SIZE, GROWTH, SPELLING = TABLES

POSSIBLE = GROWTH < NEVER // 2

PADDING = len(RULES) - 1
LEFT_SIDES = len(LEFTS)
START = 0
SHORTEST = completion_lengths()["smiles"]

# What went wrong with a sequence of rules.
FINE, WRONG_RULE, UNFINISHED, GOES_ON = range(4)


@njit(nogil=True, cache=True)
def allowed(stack: Numbers, state: Numbers) -> tuple[int, int]:
    """The rules ``first`` to ``stop - 1`` belong to the symbol on top; padding if there is none."""
    if state[0] == 0:
        return PADDING, PADDING + 1
    top = stack[state[0] - 1]
    return FIRST[top], STOP[top]


@njit(nogil=True, cache=True)
def fits(rule: int, state: Numbers, left: int) -> bool:
    """Whether the stack can still be emptied if ``rule`` is the first of ``left`` positions."""
    return rule == PADDING or state[1] + GROWTH[rule] <= left - 1


@njit(nogil=True, cache=True)
def begin(stack: Numbers, state: Numbers) -> None:
    """A fresh derivation; ``state`` (2,) is the height of the stack and the rules it takes."""
    stack[0] = START
    state[0], state[1] = 1, SHORTEST


@njit(nogil=True, cache=True)
def apply(rule: int, stack: Numbers, state: Numbers) -> None:
    """Replace the symbol on top by the non-terminals of the rule's right side."""
    if rule == PADDING:
        return
    height = state[0] - 1
    for i in range(RIGHT_SIZE[rule] - 1, -1, -1):
        if RIGHT[rule, i] < LEFT_SIDES:
            stack[height] = RIGHT[rule, i]
            height += 1
    state[0] = height
    state[1] += GROWTH[rule]


@njit(nogil=True, cache=True)
def _draw(
    logits: NDArray[Any], stack: Numbers, state: Numbers, left: int, heat: float, uniform: float
) -> int:
    """The largest allowed logit's rule, or the one that ``uniform`` in [0, 1) picks if ``heat``.

    Infinite logits count as what they are the limit of: all that are +inf share the probability,
    and if all are -inf, each is as probable as the others.
    """
    first, stop = allowed(stack, state)
    best = -1
    for rule in range(first, stop):
        if fits(rule, state, left) and (best < 0 or logits[rule] > logits[best]):
            best = rule
    if heat == 0:
        return best
    highest = np.float64(logits[best])
    total = 0.0
    for rule in range(first, stop):
        if fits(rule, state, left):
            total += _weight(logits[rule], highest, heat)
    threshold, drawn = uniform * total, best
    for rule in range(first, stop):
        if fits(rule, state, left):
            weight = _weight(logits[rule], highest, heat)
            if weight > 0:
                drawn = rule
                threshold -= weight
                if threshold < 0:
                    break
    return drawn


@njit(nogil=True, cache=True)
def _weight(logit: float, highest: float, heat: float) -> float:
    if logit == highest:
        return 1.0
    return float(np.exp((np.float64(logit) - highest) / heat))


@njit(nogil=True, cache=True)
def choose(logits: NDArray[Any], heat: float, uniforms: NDArray[np.float64], out: Bytes) -> None:
    """Rules (N, L) out of ``logits`` (N, L, V), by temperature ``heat`` or greedily where it's 0.

    ``uniforms`` (N, L) in [0, 1) are looked at only for drawing.
    """
    rows, length = out.shape
    stack, state = np.empty(2 * length + 2, np.int64), np.empty(2, np.int64)
    for row in range(rows):
        begin(stack, state)
        for at in range(length):
            uniform = uniforms[row, at] if heat > 0 else 0.0
            rule = _draw(logits[row, at], stack, state, length - at, heat, uniform)
            out[row, at] = rule
            apply(rule, stack, state)


@njit(nogil=True, cache=True)
def masks(rules: Bytes, out: NDArray[np.bool_]) -> int:
    """For each position of ``rules`` (N, L), which rules were allowed there, into (N, L, V).

    Returns:
        -1, or the first row that is no derivation: it takes a rule that isn't allowed.
    """
    rows, length = rules.shape
    stack, state = np.empty(2 * length + 2, np.int64), np.empty(2, np.int64)
    for row in range(rows):
        begin(stack, state)
        for at in range(length):
            mark(stack, state, length - at, out[row, at])
            if not out[row, at, rules[row, at]]:
                return row
            apply(rules[row, at], stack, state)
    return -1


@njit(nogil=True, cache=True)
def mark(stack: Numbers, state: Numbers, left: int, out: NDArray[np.bool_]) -> None:
    """Set ``out`` (V,) to whether each rule is allowed as the first of ``left`` positions."""
    out[:] = False
    first, stop = allowed(stack, state)
    for rule in range(first, stop):
        out[rule] = fits(rule, state, left)


@njit(nogil=True, cache=True)
def mark_all(stacks: Numbers, states: Numbers, left: int, out: NDArray[np.bool_]) -> None:
    """:func:`mark` for N derivations, into (N, V)."""
    for row in range(len(out)):
        mark(stacks[row], states[row], left, out[row])


@njit(nogil=True, cache=True)
def apply_all(rules: Bytes, stacks: Numbers, states: Numbers) -> None:
    """:func:`apply` for N derivations."""
    for row in range(len(rules)):
        apply(rules[row], stacks[row], states[row])


@njit(nogil=True, cache=True)
def begin_all(stacks: Numbers, states: Numbers) -> None:
    """:func:`begin` for N derivations."""
    for row in range(len(stacks)):
        begin(stacks[row], states[row])


@njit(nogil=True, cache=True)
def spell(rules: Bytes, out: Bytes, lengths: Numbers, errors: Numbers) -> None:
    """Write out the characters of N derivations.

    Args:
        rules: (N, L).
        out: (N, 2 L + 2) receives the characters; no rule has more than two of them.
        lengths: (N,) receives how many there are.
        errors: (N, 2) receives what is wrong with a row, and at which position.
    """
    rows, length = rules.shape
    stack = np.empty(3 * length + 3, np.int64)
    for row in range(rows):
        stack[0], height, size = START, 1, 0
        errors[row, 0], errors[row, 1] = FINE, length
        for at in range(length):
            rule = rules[row, at]
            if rule == PADDING:
                if height > 0:
                    errors[row, 0], errors[row, 1] = UNFINISHED, at
                    break
                continue
            if height == 0:
                errors[row, 0], errors[row, 1] = GOES_ON, at
                break
            height -= 1
            if LEFT_OF[rule] != stack[height] or not POSSIBLE[rule]:
                errors[row, 0], errors[row, 1] = WRONG_RULE, at
                break
            for i in range(RIGHT_SIZE[rule] - 1, -1, -1):
                stack[height] = RIGHT[rule, i]
                height += 1
            while height > 0 and stack[height - 1] >= LEFT_SIDES:
                height -= 1
                for character in SPELLING[stack[height] - LEFT_SIDES]:
                    if character:
                        out[row, size] = character
                        size += 1
        if errors[row, 0] == FINE and height > 0:
            errors[row, 0] = UNFINISHED
        lengths[row] = size
