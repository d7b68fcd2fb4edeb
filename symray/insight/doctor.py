"""What works on this machine, tried for real where that takes seconds."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from symray.errors import UserError, shortened
from symray.folders import named_folder
from symray.record.home import home
from symray.tracking.links import without_credentials

TESTED = {
    "torch": "2.13.0",
    "ray": "2.60.0",
    "optuna": "5.0.0",
    "mlflow": "3.17.2",
}
"""Versions that symray's own tests run with."""

NETWORK_FILE_SYSTEMS = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs"),
        *("lustre", "gpfs", "beegfs", "ceph", "glusterfs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse"),
    )
)

RAY_STARTING = 90.0
"""Seconds that Ray may take to start, run a task and stop."""

GIB = 2**30

Status = Literal["ok", "warning", "missing"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        name: what was looked at.
        status: whether it is as it should be.
        found: what there is.
        advice: what to do where it isn't.
        essential: nothing works without it.
    """

    name: str
    status: Status
    found: str
    advice: str = ""
    essential: bool = False


def examine() -> Iterator[Finding]:
    """Look at everything, one finding after another; a check that raises is a finding too."""
    yield Finding("Python", "ok", platform.python_version())
    yield from (_package(name) for name in ("symray", *TESTED))
    yield _cpus()
    yield _memory()
    yield _gpu()
    yield from _home()
    yield _shared_memory()
    yield _tried("Optuna storage", _optuna, "see that the home folder can be written to")
    yield _tried("MLflow", _mlflow, "start the server, or unset MLFLOW_TRACKING_URI")
    yield _tried("Ray", _ray, "see that /tmp and /dev/shm have room, or set RAY_ADDRESS")
    yield _rdkit()
    yield _data()


def _package(name: str) -> Finding:
    import symray

    try:
        found = symray.__version__ if name == "symray" else version(name)
    except PackageNotFoundError:
        return Finding(name, "missing", "not installed", f"pip install {name}", essential=True)
    tested = TESTED.get(name, found)
    if found.split("+")[0] == tested:
        return Finding(name, "ok", found)
    return Finding(
        name,
        "warning",
        f"{found}, tested with {tested}",
        f"where something fails, pip install {name}=={tested}",
    )


def _cpus() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("CPU", "ok", f"{usable} of {os.cpu_count()} cores usable")


def _memory() -> Finding:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text))
    found = f"{total / GIB:.1f} GiB"
    if total < 4 * GIB:
        return Finding("memory", "warning", found, "run few trials at a time: `concurrency: 1`")
    return Finding("memory", "ok", found)


def _gpu() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("GPU", "ok", "none; trials run on the CPU")
    cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    found = ", ".join(f"{card.name} {card.total_memory / GIB:.0f} GiB" for card in cards)
    return Finding("GPU", "ok", f"{found}; a study uses them with `resources: {{gpu: 1}}`")


def _home() -> Iterator[Finding]:
    folder = home()
    advice = "set SYMRAY_HOME to a folder that you may write to"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        found = f"{folder} can't be written to: {error.strerror}"
        yield Finding("home folder", "missing", found, advice, essential=True)
        return
    free = shutil.disk_usage(folder).free
    found = f"{folder}, {free / GIB:.1f} GiB free"
    if free < GIB:
        yield Finding("home folder", "warning", found, "make room, or set SYMRAY_HOME elsewhere")
    else:
        yield Finding("home folder", "ok", found)
    yield _file_system(folder)


def _file_system(folder: Path) -> Finding:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return Finding("file system", "warning", "unknown", "keep the home folder on a local disk")
    kind = file_system_of(folder, mounts.read_text())
    if kind in NETWORK_FILE_SYSTEMS:
        return Finding(
            "file system",
            "warning",
            f"{kind}, shared (by /proc/mounts)",
            "one driver at a time only, and MLflow on a server: SQLite isn't safe there",
        )
    return Finding("file system", "ok", f"{kind}, local (by /proc/mounts)")


def file_system_of(folder: Path, mounts: str) -> str:
    """The type of the file system that ``folder`` lies on, by the content of ``/proc/mounts``."""
    best, kind = Path("/"), "unknown"
    for line in mounts.splitlines():
        point, found = line.split()[1:3]
        # Blanks in the mount point are written as \040.
        path = Path(point.encode().decode("unicode_escape"))
        if folder.is_relative_to(path) and len(path.parts) >= len(best.parts):
            best, kind = path, found
    return kind


def _shared_memory() -> Finding:
    path = Path("/dev/shm")
    if not path.exists():
        return Finding("/dev/shm", "warning", "none", "Ray falls back to slower files in /tmp")
    size = shutil.disk_usage(path).total
    if size < GIB // 2:
        advice = "give the container more, as by docker run --shm-size=1g"
        return Finding("/dev/shm", "warning", f"{size / GIB:.2f} GiB", advice)
    return Finding("/dev/shm", "ok", f"{size / GIB:.1f} GiB")


def _tried(name: str, attempt: Callable[[], str], advice: str) -> Finding:
    """What ``attempt`` found, or that it failed with whatever it raised."""
    try:
        return Finding(name, "ok", attempt(), essential=True)
    except Exception as error:
        words = " ".join(without_credentials(str(error)).split())
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        found = shortened(f"{kind}{words}", 300)
        return Finding(name, "missing", found, advice, essential=True)


def _optuna() -> str:
    from symray.record.storage import try_storage

    with tempfile.TemporaryDirectory(prefix="doctor-", dir=home()) as folder:
        return try_storage(Path(folder))


def _mlflow() -> str:
    from symray.tracking.address import check_tracking_address
    from symray.tracking.client import is_embedded, make_client

    if is_embedded():
        make_client()
    reached = check_tracking_address()
    if reached.away:
        raise UserError(f"{reached.found} does not answer ({reached.away})")
    return reached.found


_RAY_TASK = """\
import json, ray
from symray.scheduling.cluster.attached import start_ray
said = []
start_ray(said.append)
answer = ray.get(ray.remote(num_cpus=1)(lambda: "ran").remote())
print(json.dumps([answer, ray.cluster_resources(), said]))
"""


def _ray() -> str:
    """In a process of its own: a Ray that hangs or dies takes nothing with it."""
    command = [sys.executable, "-c", _RAY_TASK]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=RAY_STARTING)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"no task has run after {RAY_STARTING:.0f} s") from None
    if answer.returncode:
        raise RuntimeError((answer.stderr.strip().splitlines() or ["it said nothing"])[-1])
    ran, resources, said = json.loads(answer.stdout.strip().splitlines()[-1])
    where = os.environ.get("RAY_ADDRESS") or "started here"
    found = f"{resources['CPU']:g} CPUs, {resources.get('GPU', 0):g} GPUs"
    return "; ".join([f"{where}, a task {ran}", found, *said])


def _rdkit() -> Finding:
    if find_spec("rdkit") is None:
        return Finding(
            "RDKit", "missing", "not installed", "install it to use molecules: qm9, zinc, csv"
        )
    return Finding("RDKit", "ok", version("rdkit"))


def _data() -> Finding:
    named = named_folder("SYMRAY_DATA")
    if named is None:
        return Finding("data", "ok", "SYMRAY_DATA is not set; artificial data need none")
    if not named.is_dir():
        return Finding("data", "missing", f"{named} is no folder", "set SYMRAY_DATA to one")
    return Finding("data", "ok", f"{named}, {len(list(named.iterdir()))} entries")
