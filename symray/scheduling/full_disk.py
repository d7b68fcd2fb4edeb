"""A node whose disk is full: no fault of the trial that meets it, which goes on on another one."""

import errno
import re
import socket

HOLD = 20.0
"""Seconds for which a worker whose disk is full stays: a place that was free again at once would
draw one trial after another."""

_ERRORS = {errno.ENOSPC, errno.EDQUOT}


def is_full(error: BaseException) -> bool:
    """Whether an exception says that there is no room on a disk."""
    return isinstance(error, OSError) and error.errno in _ERRORS


def error_with_node(error: OSError, folder: str, node: str) -> OSError:
    """The same exception, of a worker that writes to ``folder``, with Ray's name of its node."""
    where = f"no room on the disk of {socket.gethostname()}, Ray's node {node}"
    return OSError(error.errno, where, error.filename or folder)


def full_node_of(reason: str) -> str | None:
    """Ray's name of the node that an exception of :func:`error_with_node` told of, by its text."""
    match = re.search(r"no room on the disk of .*, Ray's node (\w+)", reason)
    return match and match[1]
