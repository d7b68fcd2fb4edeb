"""The one exception for what a user can put right."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something in the user's hands: a study file, a data file, a name, a server that is away.

    Its text is one sentence that names what is wrong, where, and what to do. The command line
    prints it without a traceback and exits with code 2.
    """


MOST_LISTED = 240
"""Characters of a list of valid names in a sentence."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """``"; did you mean 'beta'?"`` for a misspelt ``name``, else the list of valid names."""
    names = sorted(map(str, valid))
    # comparing takes as long as the names are, and nobody has misspelt ten thousand letters
    close = get_close_matches(name[:MOST_LISTED], names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{shortened(close[0])}'?"
    listed, shown = "", 0
    for one in names:
        longer = f"{listed}, {shortened(one)}" if listed else shortened(one)
        if len(longer) > MOST_LISTED:
            break
        listed, shown = longer, shown + 1
    more = f" and {len(names) - shown} more" if shown < len(names) else ""
    return f"; valid names: {listed or 'none'}{more}"


def shortened(text: object, most: int = 60) -> str:
    """``text`` for a sentence: what is longer than ``most`` characters loses its middle."""
    whole = str(text)
    if len(whole) <= most:
        return whole
    end = most // 3
    return f"{whole[: most - end - 3]}...{whole[-end:]}"
