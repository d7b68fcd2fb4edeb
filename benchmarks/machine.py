"""The line that every benchmark begins with: where its numbers were measured."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores, load, GPU and Python of this machine."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":")[1].strip() if names else processor
    import torch  # not with the module: scale.py's processes are measured for their memory

    load = os.getloadavg()[0]
    cores = os.cpu_count()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    python = platform.python_version()
    return f"{processor}, {cores} cores, load {load:.1f}{gpu}, Python {python}"


if __name__ == "__main__":
    print(machine())
