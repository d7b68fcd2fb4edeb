"""What DeepSMILES costs Python: chunks for worker processes, and the checks the library leaves out.

The library reads without checking. Encoding drops a ring that is opened and not closed and
misplaces one whose digit follows on a branch; decoding drops what comes after the first atom's end
and bonds before anything but an atom. A codec must not turn one molecule into another, so such
strings are refused here, before the library sees them.
"""

import re
from collections.abc import Sequence

from deepsmiles import Converter, DecodeError

from symray.chem.base import EMPTY

_CONVERTER = Converter(rings=True, branches=True)

_ATOM = r"\[[!-Z\\^-~]+\]|Cl|Br|[BCNOPSFIbcnops*]"
_BOND = r"[-=#$/\\]"
_BEFORE_ATOM = r"(?=[\[A-Za-z*])"
_SMILES = re.compile(
    rf"(?P<atom>{_ATOM})|{_BOND}?(?P<ring>\d|%\d\d)|{_BOND}{_BEFORE_ATOM}|(?P<open>\((?![()]))"
    r"|(?P<close>\))|\.",
    re.ASCII,
)
_DEEP = re.compile(
    rf"(?P<atom>{_ATOM}|\.)|(?P<close>\)+)|{_BOND}?(?:\d|%\d\d|%\(\d+\))|{_BOND}{_BEFORE_ATOM}",
    re.ASCII,
)


def encode_chunk(smiles: Sequence[str | None]) -> list[tuple[str, str | None]]:
    """Each molecule's DeepSMILES and None, or "" and what is wrong with it."""
    return [_encode(text or "") for text in smiles]


def decode_chunk(texts: Sequence[str]) -> list[tuple[str, str | None]]:
    """The SMILES of each DeepSMILES and None, or "" and what is wrong with it."""
    return [_decode(text) for text in texts]


def _encode(smiles: str) -> tuple[str, str | None]:
    if not smiles:
        return "", EMPTY
    at, depth, after_branch = 0, 0, False
    rings: set[str] = set()
    while at < len(smiles):
        token = _SMILES.match(smiles, at)
        kind = token and token.lastgroup
        if token is None or (at == 0 and kind != "atom"):
            return "", f"can't be read: it has '{smiles[at]}' as character {at + 1}"
        if kind == "atom":
            after_branch = False
        elif kind == "ring":
            if after_branch:
                return "", (
                    f"has a ring's digit after a branch, as character {at + 1}, which DeepSMILES"
                    " can't write; put it before the branch"
                )
            rings ^= {token["ring"]}
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            after_branch = True
            if depth < 0:
                return "", f"can't be read: it has ')' as character {at + 1} that closes no branch"
        at = token.end()
    if depth:
        return "", "can't be read: it ends with a branch that is still open"
    if rings:
        return "", f"can't be read: its ring {min(rings)} is not closed"
    return _CONVERTER.encode(smiles), None


def _decode(text: str) -> tuple[str, str | None]:
    if not text:
        return "", "it is empty"
    at, depth = 0, 0
    while at < len(text):
        token = _DEEP.match(text, at)
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
