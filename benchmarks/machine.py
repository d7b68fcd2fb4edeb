"""The line that every benchmark begins with: where its numbers were measured."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores, load and Python of this machine."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":")[1].strip() if names else processor
    load = os.getloadavg()[0]
    cores = os.cpu_count()
    return f"{processor}, {cores} cores, load {load:.1f}, Python {platform.python_version()}"


if __name__ == "__main__":
    print(machine())
