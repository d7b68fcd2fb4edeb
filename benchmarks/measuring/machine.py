"""Where and with what figures were measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("symray", "benchmarks", "tests/support")
PACKAGES = (
    *("torch", "ray", "optuna", "mlflow", "numpy", "scipy", "scikit-learn", "numba", "rdkit"),
    "symray",
)


def machine() -> str:
    """Processor, cores, load and GPU of this machine."""
    # not with the module: scale.py's processes are measured for their memory
    import torch

    from symray.tasks.processor import processor

    load = os.getloadavg()[0]
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{processor()}, {os.cpu_count()} cores, load {load:.1f}{gpu}"


def versions() -> dict[str, str]:
    """Of Python and of what figures depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the code, and whether it has been changed since; ``unknown`` without git."""
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]
    try:
        head, changed = (
            subprocess.run([*git, *asked], capture_output=True, text=True, check=True).stdout
            for asked in (
                ["rev-parse", "--short=10", "HEAD"],
                ["status", "--porcelain", "--", *CODE],
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + (" with changes" if changed else "")


def today() -> str:
    """The date in UTC, as ``2026-11-29``."""
    return datetime.now(UTC).date().isoformat()
