"""Why a training failed: one line of words for the record, the rest for its log."""

import textwrap
import traceback

from symray.errors import UserError
from symray.tasks.gpu_memory import is_out_of_memory, memory_sentence
from symray.training.diverged import Diverged

MOST = 300
"""Characters of a reason that another library worded."""


def reason_of(error: Exception) -> str:
    """The reason of a failure in one line.

    What nobody has foreseen, as whatever an own model raises, is told by its type and its first
    line, and its traceback is printed.
    """
    if isinstance(error, Diverged):
        return f"diverged: {error}"
    if isinstance(error, UserError):
        return str(error)
    if is_out_of_memory(error):
        return memory_sentence(error)
    traceback.print_exception(error)
    return ": ".join(filter(None, [type(error).__name__, _first(str(error))]))


def _first(text: str) -> str:
    """The first line, and what follows on one that only announces it, as torch's of weights."""
    first = text.strip().partition("\n")[0].rstrip()
    return textwrap.shorten(text if first.endswith(":") else first, MOST, placeholder=" ...")
