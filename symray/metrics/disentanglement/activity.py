"""Which latents a model uses at all."""

import numpy as np
from numpy.typing import NDArray

from symray.metrics.points import Points, as_points

LEAST_VARIANCE = 0.01


def active_latents(codes: Points, least_variance: float = LEAST_VARIANCE) -> NDArray[np.bool_]:
    """Latents whose mean moves with the image: ``Var(mu) > 0.01`` over ``codes`` (N, d); (d,).

    Burda et al. 2016, section 5.2. Their number is the sum.

    Raises:
        ValueError: codes that are not (N, d) or not finite.
    """
    return np.asarray(as_points(codes, "codes").var(axis=0) > least_variance)
