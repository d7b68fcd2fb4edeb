"""Ray in this process: one of its own, or the cluster that ``RAY_ADDRESS`` names."""

import logging
import os
import signal
import socket

import ray
from ray.exceptions import RayError

from symray.errors import UserError
from symray.study.cluster.token import token_sentence
from symray.study.file import Resources

OBJECT_STORE = 256 * 1024 * 1024
"""Bytes of Ray's object store on one machine; tasks and reports are small."""


def attach(address: str) -> None:
    """Let this process's Ray be the cluster of ``address``, as RAY_ADDRESS does.

    Raises:
        UserError: it is no such address.
    """
    if address.startswith("ray://"):
        raise UserError(
            f"--address {address}: Ray's client protocol can't carry a study; use the dashboard's "
            "address, http://HEAD:8265"
        )
    os.environ["RAY_ADDRESS"] = address


def start_ray() -> None:
    """Start Ray in this process, or attach to the cluster that ``RAY_ADDRESS`` names.

    Raises:
        UserError: nothing answers there, or it refuses the token.
    """
    if ray.is_initialized():
        return
    attach = os.environ.get("RAY_ADDRESS")
    if attach:
        _refuse_unreachable(attach)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address=attach or "local",  # else Ray attaches to whatever runs on this machine
            include_dashboard=None if attach else False,
            object_store_memory=None if attach else OBJECT_STORE,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RayError) as error:
        if attach:
            raise UserError(_unattached_sentence(attach)) from error
        raise
    if callable(handler):  # Ray's own, put in its place, ends the driver without a checkpoint
        signal.signal(signal.SIGTERM, handler)


def refuse_what_never_fits(resources: Resources) -> None:
    """Start Ray and see that a trial has room.

    Raises:
        UserError: it takes more than this machine has.
    """
    start_ray()
    if os.environ.get("RAY_ADDRESS"):
        return  # a cluster may grow
    total = ray.cluster_resources()  # type: ignore[no-untyped-call]
    for name, asked in (("CPU", resources.cpu), ("GPU", resources.gpu)):
        if asked > total.get(name, 0):
            raise UserError(
                f"resources.{name.lower()}: a trial asks for {asked:g} {name}s and this machine "
                f"has {total.get(name, 0):g}; ask for less, or name a cluster with RAY_ADDRESS"
            )


def as_many_as_fit(resources: Resources) -> int:
    """Tasks that run at a time on what is there now."""
    total = ray.cluster_resources()  # type: ignore[no-untyped-call]
    fits = [total.get("CPU", 1) / resources.cpu] if resources.cpu else []
    if resources.gpu:
        fits.append(total.get("GPU", 0) / resources.gpu)
    return max(1, int(min(fits, default=1)))


def _refuse_unreachable(address: str) -> None:
    """See that somebody listens at HOST:PORT: Ray itself tries for many minutes.

    Raises:
        UserError: nobody does.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise UserError(
            f"no Ray cluster answers at {address} ({error.strerror or error}); is its head "
            "running, and can this machine reach it?"
        ) from None


def _unattached_sentence(address: str) -> str:
    """Why Ray couldn't attach to a running cluster, and what to do."""
    if not address.rpartition(":")[2].isdigit():
        return (
            "RAY_ADDRESS=auto, and no node of a Ray cluster runs on this machine: start one "
            "(ray start --address=HEAD:6379), or name the cluster by HOST:PORT"
        )
    return token_sentence(address, os.environ.get("RAY_AUTH_MODE") != "token")
