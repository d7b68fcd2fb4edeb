"""A node whose disk is full: no fault of the trial that meets it, which goes on on another one."""

import errno
import re
import socket

import ray
from ray.tune import PlacementGroupFactory

HOLD = 20.0
"""Seconds for which a worker whose disk is full stays: a place that was free again at once would
draw one trial after another."""

_ERRORS = {errno.ENOSPC, errno.EDQUOT}


def is_full(error: BaseException) -> bool:
    """Whether an exception says that there is no room on a disk."""
    return isinstance(error, OSError) and error.errno in _ERRORS


def error_with_node(error: OSError, folder: str) -> OSError:
    """The same exception, which names the node; called by a worker that writes to ``folder``."""
    node = ray.get_runtime_context().get_node_id()
    where = f"no room on the disk of {socket.gethostname()}, Ray's node {node}"
    return OSError(error.errno, where, error.filename or folder)


def full_node_of(reason: str) -> str | None:
    """Ray's name of the node that an exception of :func:`error_with_node` told of, by its text."""
    match = re.search(r"no room on the disk of .*, Ray's node (\w+)", reason)
    return match and match[1]


def avoiding_node(request: PlacementGroupFactory, node: str) -> PlacementGroupFactory:
    """The same request on any other node; as it is where no other node is big enough."""
    asked = request.required_resources
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    others = (n for n in nodes if n["Alive"] and n["NodeID"] != node)
    if not any(all(n["Resources"].get(k, 0) >= v for k, v in asked.items()) for n in others):
        return request
    selector = [{"ray.io/node-id": f"!{node}"}]
    return PlacementGroupFactory(request.bundles, bundle_label_selector=selector)
