"""The one exception for what a user can put right."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something in the user's hands: a study file, a data file, a name, a server that is away.

    Its text is one sentence that names what is wrong, where, and what to do. The command line
    prints it without a traceback and exits with code 2.
    """


def nearest(name: str, valid: Iterable[str]) -> str:
    """``"; did you mean 'beta'?"`` for a misspelt ``name``, else the list of valid names."""
    names = sorted(valid)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else f"; valid names: {', '.join(names)}"
