"""GPUs of a machine, whether or not this process may see them."""

from pathlib import Path

_DEVICES = "nvidia[0-9]*"


def count_gpus(devices: Path = Path("/dev")) -> int:
    """How many NVIDIA GPUs this machine has by the driver's device files.

    Ray hides GPUs from the processes of tasks that ask for none, so torch can't be asked.
    """
    return sum(path.name.removeprefix("nvidia").isdecimal() for path in devices.glob(_DEVICES))
