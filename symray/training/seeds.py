"""Independent streams of random numbers from one seed."""

from typing import Literal

import numpy as np

# Positions are part of every trained result: only ever append.
_STREAMS = ("weights", "training", "codes")


def stream_seed(seed: int, stream: Literal["weights", "training", "codes"]) -> int:
    """A 32-bit seed for one ``stream`` of the trial with ``seed`` >= 0.

    Torch's CPU generator reads 32 bits of a seed, and equal seeds would draw the initial weights
    and the first minibatch from the same numbers; NumPy's ``SeedSequence`` keeps them apart.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_STREAMS.index(stream),))
    return int(sequence.generate_state(1)[0])
