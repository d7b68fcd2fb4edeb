"""What DeepSMILES costs Python: chunks for worker processes, and the checks the library leaves out.

The library reads without checking. Encoding drops a ring that is opened and not closed; decoding
drops atoms after the first atom's branch was closed, bonds before anything but an atom, and raises
all kinds of errors. A codec must not turn one molecule into another, so both are checked here.
"""

import re
from collections.abc import Sequence

from deepsmiles import Converter, DecodeError

_CONVERTER = Converter(rings=True, branches=True)

_ATOM = r"\[[^\[\]]+\]|Cl|Br|[BCNOPSFIbcnops*]"
_BOND = r"[-=#$/\\]"
_SMILES = re.compile(rf"({_ATOM})|{_BOND}?(\d|%\d\d)|({_BOND}(?!$|[.()]))|([().])")
_DEEP = re.compile(rf"({_ATOM}|\.)|(\)+)|{_BOND}?(?:\d|%\d\d|%\(\d+\))|({_BOND}(?!$|[.()]))")


def encode_chunk(smiles: Sequence[str]) -> list[tuple[str, str | None]]:
    """Each molecule's DeepSMILES and None, or "" and what is wrong with it."""
    return [_encode(text) for text in smiles]


def decode_chunk(texts: Sequence[str]) -> list[tuple[str, str | None]]:
    """The SMILES of each DeepSMILES and None, or "" and what is wrong with it."""
    return [_decode(text) for text in texts]


def _encode(smiles: str) -> tuple[str, str | None]:
    at, depth, atoms = 0, 0, 0
    rings: set[str] = set()
    while at < len(smiles):
        token = _SMILES.match(smiles, at)
        if token is None:
            return "", f"can't be written as DeepSMILES: it has '{smiles[at]}' as character {at + 1}"
        atom, ring, _, structure = token.groups()
        if atom:
            atoms += 1
        elif ring:
            rings ^= {ring}
        elif structure in ("(", ")"):
            depth += 1 if structure == "(" else -1
        if depth < 0 or not atoms:
            break
        at = token.end()
    if at < len(smiles):
        return "", f"can't be read: '{smiles[at]}' as character {at + 1} belongs to no atom"
    if depth:
        return "", "can't be read: it has a branch that is not closed"
    if rings:
        return "", f"can't be read: ring {min(rings)} is opened and not closed"
    return _CONVERTER.encode(smiles), None


def _decode(text: str) -> tuple[str, str | None]:
    at, depth = 0, 0
    while at < len(text):
        token = _DEEP.match(text, at)
        if token is None:
            return "", f"'{text[at]}' as character {at + 1} can't be read"
        atom, closed, _ = token.groups()
        if atom and at and depth == 0:
            return "", f"an atom as character {at + 1} follows on nothing"
        depth += bool(atom) - len(closed or "")
        if depth < 0 or (at == 0 and not atom):
            return "", f"'{text[at]}' as character {at + 1} belongs to no atom"
        at = token.end()
    if not text:
        return "", "it is empty"
    try:
        return _CONVERTER.decode(text), None
    except DecodeError as error:
        return "", str(error.message).split(" - ")[0]
