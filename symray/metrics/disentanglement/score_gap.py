"""How far the best latent is ahead of the second best."""

import numpy as np

from symray.metrics.points import Floats


def top_gap(scores: Floats) -> Floats:
    """The largest of each column of ``scores`` (d, f) less the second largest, (f,).

    A single latent has no second, which counts 0.
    """
    if len(scores) == 1:
        return np.asarray(scores[0])
    second, first = np.sort(scores, axis=0)[-2:]
    return np.asarray(first - second)
