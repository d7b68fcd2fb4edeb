"""``--address``: the same command on a cluster's head, as a job."""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symray.cli.options import INTERRUPTED
from symray.cli.output import err
from symray.errors import UserError

if TYPE_CHECKING:
    from symray.scheduling.cluster.remote import RemoteCluster


AT_WORK = re.compile(r"^(study '[^']+': |confirming the best|drawing figures)", re.MULTILINE)
"""What a driver says once it is at work; nothing that refuses to begin says this."""

ENDS = 10.0
"""Seconds in which a driver's process ends after its study was stopped."""

VARIABLE = "SYMRAY_ADDRESS"
"""What ``--address`` is where it isn't given; never read on the cluster itself."""


def is_dashboard(address: str | None) -> bool:
    """Whether a cluster is reached from outside, through its dashboard."""
    return address is not None and address.startswith(("http://", "https://"))


def _run_there(address: str | None) -> None:
    """Run the whole command there instead of here."""
    if address is None:
        return
    if not is_dashboard(address):
        raise UserError(
            f"--address {address}: write the address of the cluster's dashboard, http://HEAD:8265"
        )
    from symray.scheduling.cluster.remote import RemoteCluster

    arguments = without_address(sys.argv[1:])
    cluster = RemoteCluster(address)
    quiet = "--json" in arguments or "--csv" in arguments
    raise typer.Exit(_follow(cluster, cluster.submit(arguments, quiet=quiet), quiet))


def _follow(cluster: "RemoteCluster", job: str, quiet: bool = False) -> int:
    """Pass on what a job prints; commands that it names there need the address here."""
    named = False

    def write(text: str) -> None:
        nonlocal named
        named = named or re.search(r"\bsymray [a-z]+ ", text) is not None
        _print(text)

    code = cluster.follow(job, write)
    if named and not quiet and os.environ.get(VARIABLE) != cluster.address:
        err().print(
            f"from here, commands there take --address {cluster.address}, or set {VARIABLE} to it"
        )
    return code


_HELP = "Cluster: its dashboard's address, http://HEAD:8265."

OnCluster = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        envvar=VARIABLE,
        show_envvar=False,
        help=_HELP,
        callback=_run_there,
        is_eager=True,
        expose_value=False,
        show_default=False,
    ),
]
"""Of commands that look or ask; declared with a default of None and not passed on."""


Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ADDRESS",
        envvar=VARIABLE,
        show_envvar=False,
        help=f"{_HELP} Or auto, or HOST:PORT, from one of its machines.",
        show_default=False,
    ),
]
"""Of commands that drive a study."""


def without_address(arguments: Sequence[str]) -> list[str]:
    """A command line without its --address."""
    kept, rest = [], iter(arguments)
    for argument in rest:
        if argument == "--address":
            next(rest, None)
        elif not argument.startswith("--address="):
            kept.append(argument)
    return kept


def launch_there(
    address: str, path: Path, overrides: Sequence[str], options: list[str], detach: bool
) -> None:
    """Ship a study file and launch it on a cluster."""
    from symray.scheduling.cluster.remote import RemoteCluster
    from symray.scheduling.cluster.shipping import SHIPPED, pack, study_names

    studies = study_names(path, overrides)
    cluster = RemoteCluster(address)
    with tempfile.TemporaryDirectory(prefix="symray-ship-") as folder:
        pack(path, overrides, Path(folder))
        job = cluster.submit(["launch", SHIPPED, "--shipped", *options], studies, Path(folder))
    _drive(cluster, job, studies, detach)


def resume_there(address: str, name: str, options: list[str], detach: bool) -> None:
    """Go on with a study on a cluster."""
    from symray.scheduling.cluster.remote import RemoteCluster

    cluster = RemoteCluster(address)
    _drive(cluster, cluster.submit(["resume", name, *options], [name]), [name], detach)


def logs_there(address: str, name: str, trial: int | None, follow: bool) -> None:
    """Print what a trial has printed, or the driver of its study, whose output is its job's."""
    from symray.scheduling.cluster.remote import RemoteCluster

    if trial is not None:
        return _run_there(address)
    cluster = RemoteCluster(address)
    job = cluster.driver_job(name)
    if follow:
        raise typer.Exit(_follow(cluster, job))
    return cluster.log(job, _print)


def _drive(cluster: "RemoteCluster", job: str, studies: Sequence[str], detach: bool) -> None:
    name, there = studies[0], f"--address {cluster.address}"
    if detach:
        code = cluster.wait_until(job, AT_WORK, _print)
        if code is not None:
            raise typer.Exit(code)
        err().print(
            f"study '{name}' runs on the cluster as job {job}\n"
            f"  watch: symray status {name} {there}\n"
            f"  stop:  symray stop {name} {there}\n"
            f"  log:   symray logs {name} --follow {there}"
        )
        return
    try:
        code = _follow(cluster, job)
    except KeyboardInterrupt:
        err().print("stopping: running trials write a checkpoint; Ctrl-C again leaves it running")
        code = _stop(cluster, job, studies)
        err().print(f"on the cluster: symray resume {name} {there}")
    raise typer.Exit(code)


def _stop(cluster: "RemoteCluster", job: str, studies: Sequence[str]) -> int:
    """Stop whichever of a job's studies is running; those after it then don't begin."""
    for study in studies:
        cluster.follow(cluster.submit(["stop", study]), _print)
        if cluster.has_ended(job, within=ENDS):
            break
    return INTERRUPTED


def _print(text: str) -> None:
    print(text, end="", flush=True)
