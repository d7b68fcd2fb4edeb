"""Reading DeepSMILES by its library, in chunks for worker processes, and what it doesn't notice.

The library drops what comes after the first atom's branch was closed, and bonds before anything but
an atom or a ring. Such strings are refused here, before the library sees them, because a codec must
not turn one molecule into another.
"""

import re
import sys
from collections.abc import Sequence

from deepsmiles import Converter, DecodeError

_CONVERTER = Converter(rings=True, branches=True)

_ATOM = r"\[[!-Z\\^-~]+\]|Cl|Br|[BCNOPSFIbcnops*]|\."
_BOND = r"[-=#$/\\]"
_TOKEN = re.compile(
    rf"(?P<atom>{_ATOM})|(?P<close>\)+)|{_BOND}?(?:\d|%\d\d|%\(\d+\))|{_BOND}(?=[\[A-Za-z*])",
    re.ASCII,
)


_ROOM = 1_500  # frames: the longest chain that a codec writes, and whoever calls


def decode_chunk(texts: Sequence[str]) -> list[tuple[str, str | None]]:
    """The SMILES of each DeepSMILES and None, or "" and what is wrong with it."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, _ROOM))  # a deep caller must not make a molecule unreadable
    try:
        return [_decode(text) for text in texts]
    finally:
        sys.setrecursionlimit(usual)


def _decode(text: str) -> tuple[str, str | None]:
    if not text:
        return "", "it is empty"
    at, depth = 0, 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        kind = token and token.lastgroup
        if token is None or (at == 0 and kind != "atom"):
            return "", f"'{text[at]}' can't stand as character {at + 1}"
        if kind == "atom":
            if at and depth == 0:
                return "", f"the atom at character {at + 1} comes after the end of the molecule"
            depth += 1
        elif kind == "close":
            depth -= token.end() - at
            if depth < 0:
                return "", f"the ')' up to character {token.end()} close more than there is"
        at = token.end()
    try:
        return _CONVERTER.decode(text), None
    except DecodeError as error:
        return "", f"at character {error.idx + 1}, {error.message.split(' - ')[0]}"
    except RecursionError:
        return "", "it is too long a chain"
