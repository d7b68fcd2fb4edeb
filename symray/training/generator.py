"""A trial's random numbers: from a generator of its own, on the device that trains it."""

import hashlib

import torch
from torch import Tensor

from symray.training.seeds import stream_seed


def generator_on(device: torch.device, seed: int) -> torch.Generator:
    """That of the trial with ``seed``; devices of two kinds draw other numbers of one seed."""
    return torch.Generator(device).manual_seed(stream_seed(seed, "training"))


def go_on(generator: torch.Generator, state: Tensor, kind: str) -> bool:
    """Let ``generator`` draw what comes after ``state``, of one on a device of ``kind``.

    No device can go on with another kind's numbers. Where the kinds differ, the seed follows from
    ``state``, so that it is the same whenever that is continued, and another after each epoch.

    Returns:
        Whether the kinds are the same.
    """
    if generator.device.type == kind:
        generator.set_state(state)
        return True
    digest = hashlib.sha256(state.numpy().tobytes()).digest()
    generator.manual_seed(stream_seed(int.from_bytes(digest[:8]), "training"))
    return False
