"""Ray in this process: one of its own, or the cluster that ``RAY_ADDRESS`` names."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray.exceptions import RayError

from symray.errors import UserError
from symray.scheduling.cluster.greeting import check_head
from symray.scheduling.cluster.own import Say, ensure_token, silent, sockets_folder
from symray.scheduling.cluster.token import token_sentence
from symray.study_file import Resources

OBJECT_STORE = 256 * 1024 * 1024
"""Bytes of Ray's object store on one machine; tasks and reports are small."""

_ATTEMPTS = "RAY_gcs_server_port_wait_time_s"
"""How often, once a second, Ray asks a cluster that refuses it; as it comes, twenty times."""


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


def start_ray(say: Say = silent) -> None:
    """Start Ray in this process, or attach to the cluster that ``RAY_ADDRESS`` names.

    Args:
        say: is told where something is done otherwise than the environment wants it.

    Raises:
        UserError: nothing answers there, it refuses the token, or it runs other versions.
    """
    if ray.is_initialized():
        return
    handler = signal.getsignal(signal.SIGTERM)
    if address := os.environ.get("RAY_ADDRESS"):
        _join(address)
    else:
        ensure_token()
        ray.init(
            address="local",  # else Ray attaches to whatever runs on this machine
            _temp_dir=sockets_folder(say),
            include_dashboard=False,
            object_store_memory=OBJECT_STORE,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    if callable(handler):  # Ray's own, put in its place, ends the driver without a checkpoint
        signal.signal(signal.SIGTERM, handler)


def _join(address: str) -> None:
    _check_reachable(address)
    try:
        with _few_quiet_attempts():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RayError) as error:
        raise UserError(_unattached_sentence(address)) from error
    except RuntimeError as error:
        if "Version mismatch" not in str(error):
            raise
        raise UserError(_versions_sentence(address, error)) from error


def check_resources(resources: Resources, say: Say = silent) -> None:
    """Start Ray and see that a trial has room; ``say`` is that of :func:`start_ray`.

    Raises:
        UserError: it takes more than this machine has.
    """
    start_ray(say)
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


def _check_reachable(address: str) -> None:
    """See that a head may be at HOST:PORT: Ray itself tries for many minutes, or blames the token.

    Raises:
        UserError: nobody is there, or somebody else.
    """
    host, _, port = address.rpartition(":")
    if port.isdigit() and os.environ.get("RAY_USE_TLS", "0") == "0":
        check_head(host.strip("[]"), int(port))


@contextmanager
def _few_quiet_attempts() -> Iterator[None]:
    """Few attempts, and none of the lines that Ray's compiled part prints for each of them."""
    own = _ATTEMPTS not in os.environ
    if own:
        os.environ[_ATTEMPTS] = "5"
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        if own:
            del os.environ[_ATTEMPTS]


def _unattached_sentence(address: str) -> str:
    """Why Ray couldn't attach to a running cluster, and what to do."""
    if not address.rpartition(":")[2].isdigit():
        return (
            "RAY_ADDRESS=auto, and no node of a Ray cluster runs on this machine: start one "
            "(ray start --address=HEAD:6379), or name the cluster by HOST:PORT"
        )
    return token_sentence(address, os.environ.get("RAY_AUTH_MODE") != "token")


def _versions_sentence(address: str, error: RuntimeError) -> str:
    """That the cluster's nodes have another Ray or Python than this process, and what to do."""
    words = " ".join(str(error).partition(":")[2].split())
    return (
        f"the Ray cluster at {address} is of other versions than this command ({words}): run it "
        "from an environment with the cluster's, or submit it with --address http://HEAD:8265"
    )
