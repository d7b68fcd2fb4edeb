"""Expressions that select trials, such as ``x_mae < 0.5 and state == 'COMPLETE'``.

Parsed by Python's own parser and evaluated here, node by node: comparisons, ``and``, ``or``,
``not``, names and constants, nothing else; no code of the expression is ever run.
"""

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

from symray.errors import UserError, nearest

Lookup = Callable[[str], Any]
Condition = Callable[[Lookup], Any]

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

_HELP = "write comparisons joined by and, or, not, as in \"x_mae < 0.5 and state == 'COMPLETE'\""


def parse_where(text: str, known: Collection[str]) -> Condition:
    """The condition that ``text`` states on a trial.

    Args:
        text: the expression.
        known: names that it may use.

    Returns:
        A function of what gives a name's value. A comparison with nothing, or of a text with a
        number, is false.

    Raises:
        UserError: ``text`` is no such expression or uses another name.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(f"--where: '{text}' is no expression; {_HELP}") from None
    return _compile(tree.body, known)


def _compile(node: ast.expr, known: Collection[str]) -> Condition:
    match node:
        case ast.Constant(value=constant) if isinstance(constant, str | int | float):
            return lambda lookup: constant
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as negated)):
            return lambda lookup: -negated
        case ast.Name(id=name):
            if name not in known:
                raise UserError(f"--where: trials have no '{name}'{nearest(name, known)}")
            return lambda lookup: lookup(name)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _compile(operand, known)
            return lambda lookup: not inner(lookup)
        case ast.BoolOp(op=op, values=values):
            parts = [_compile(value, known) for value in values]
            judge = all if isinstance(op, ast.And) else any
            return lambda lookup: judge(part(lookup) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=rights) if all(
            type(op) in _COMPARE for op in ops
        ):
            sides = [_compile(side, known) for side in (left, *rights)]
            tests = [_COMPARE[type(op)] for op in ops]
            return lambda lookup: _compare([side(lookup) for side in sides], tests)
    raise UserError(f"--where: '{ast.unparse(node)}' is not understood; {_HELP}")


def _compare(values: list[Any], tests: list[Callable[[Any, Any], bool]]) -> bool:
    pairs = zip(values, values[1:], tests, strict=False)
    return all(_comparable(a, b) and test(a, b) for a, b, test in pairs)


def _comparable(a: Any, b: Any) -> bool:
    return None not in (a, b) and isinstance(a, str) == isinstance(b, str)
