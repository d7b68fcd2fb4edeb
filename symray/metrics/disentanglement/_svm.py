"""Support vector machines on the line, compiled: with two unknowns, Newton's method does it."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from symray.metrics.disentanglement.encoded import Classes
from symray.metrics.points import Floats

STEPS = 100
TOLERANCE = 1e-9


def predict(x: Floats, y: Classes, x_test: Floats, penalty: float) -> Classes:
    """Classes (M,) of ``x_test`` (M,) by the machine trained on ``x`` (N,) and classes ``y`` (N,).

    One against the rest, each minimising ``(w^2 + b^2) / 2 + sum_n C_n max(0, 1 - t_n (w x_n +
    b))^2`` as LIBLINEAR does: C_n = penalty times N / (K N_k) for the N_k members of a class and
    penalty for the rest; of two classes one machine decides and both are weighted.
    """
    present, y = np.unique(y, return_inverse=True)
    counts = np.bincount(y)
    weights = penalty * len(y) / (len(present) * counts)
    if len(present) == 1:
        return np.full(len(x_test), present[0])
    if len(present) == 2:
        w, b = _fit(x, y == 1, weights[1], weights[0])
        return np.asarray(present[(w * x_test + b > 0).astype(np.intp)])
    machines = [_fit(x, y == k, weights[k], penalty) for k in range(len(present))]
    w, b = np.array(machines).T
    return np.asarray(present[(np.outer(x_test, w) + b).argmax(axis=1)])


@njit(cache=True, nogil=True)
def _objective(
    x: Floats, positive: NDArray[np.bool_], c_in: float, c_out: float, w: float, b: float
) -> tuple[float, float, float, float, float, float]:
    """The objective at (w, b), its gradient, and its generalised Hessian (ww, wb, bb)."""
    value, gradient_w, gradient_b = (w * w + b * b) / 2, w, b
    ww, wb, bb = 1.0, 0.0, 1.0
    for n in range(x.size):
        sign = 1.0 if positive[n] else -1.0
        lacking = 1 - sign * (w * x[n] + b)
        if lacking > 0:
            c = c_in if positive[n] else c_out
            value += c * lacking * lacking
            gradient_w -= 2 * c * lacking * sign * x[n]
            gradient_b -= 2 * c * lacking * sign
            ww += 2 * c * x[n] * x[n]
            wb += 2 * c * x[n]
            bb += 2 * c
    return value, gradient_w, gradient_b, ww, wb, bb


@njit(cache=True, nogil=True)
def _fit(x: Floats, positive: NDArray[np.bool_], c_in: float, c_out: float) -> tuple[float, float]:
    """Newton's method on the strictly convex objective, its steps halved until they descend."""
    w = b = 0.0
    value, gradient_w, gradient_b, ww, wb, bb = _objective(x, positive, c_in, c_out, w, b)
    for _ in range(STEPS):
        determinant = ww * bb - wb * wb
        step_w = (bb * gradient_w - wb * gradient_b) / determinant
        step_b = (ww * gradient_b - wb * gradient_w) / determinant
        descent = gradient_w * step_w + gradient_b * step_b
        if descent <= TOLERANCE * (1 + value):
            break
        length = 1.0
        while length > 1e-6:
            new_w, new_b = w - length * step_w, b - length * step_b
            found = _objective(x, positive, c_in, c_out, new_w, new_b)
            if found[0] <= value - 1e-4 * length * descent:
                break
            length /= 2
        w, b = new_w, new_b
        value, gradient_w, gradient_b, ww, wb, bb = found
    return w, b
