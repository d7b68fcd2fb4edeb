"""Probes: how well somebody else predicts Y from a code, on points not trained on."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symray.metrics.points import Floats, Points, as_pairs, scaling
from symray.metrics.reconstruction import mae

FEWEST_POINTS = 20

Learner = Callable[[Floats, Floats, Floats], Floats]


@dataclass(frozen=True)
class Probe:
    """A probe's score on held-out points, to be read against the median predictor.

    Attributes:
        r2: coefficient of determination, mean over the target dimensions; one that is constant
            counts 0. At most 1; negative where the probe does worse than the mean.
        mae: absolute error summed over the target dimensions, mean over the points.
        median_mae: the same of the training targets' median.
    """

    r2: float
    mae: float
    median_mae: float


def linear_probe(z_train: Points, y_train: Points, z_test: Points, y_test: Points) -> Probe:
    """Least squares with an intercept; rank-deficient codes are harmless.

    Args:
        z_train: (N, dz) codes of points that the probed model was not trained against.
        y_train: (N, dy).
        z_test: (M, dz).
        y_test: (M, dy).

    Raises:
        ValueError: shapes that don't match, fewer than 20 points to train on, values not finite.
    """
    return _held_out(_least_squares, z_train, y_train, z_test, y_test)


def nonlinear_probe(
    z_train: Points, y_train: Points, z_test: Points, y_test: Points, seed: int = 0
) -> Probe:
    """The mean of a small MLP and of boosted trees, both stopped early on a tenth of the training.

    Two unlike learners because neither is strong everywhere: of the shapes tried, trees won on
    ridges seen in few points and the MLP on smooth maps of many latents, and their mean was never
    far from the better one. A code that hides Y from one must hide it from both.

    Args and errors as :func:`linear_probe`; ``seed`` makes the score reproducible.
    """

    def learn(z: Floats, y: Floats, z_test: Floats) -> Floats:
        return (_network(z, y, z_test, seed) + _trees(z, y, z_test, seed)) / 2

    return _held_out(learn, z_train, y_train, z_test, y_test)


def _held_out(
    learn: Learner, z_train: Points, y_train: Points, z_test: Points, y_test: Points
) -> Probe:
    """Check, scale by the training part, learn, predict and score."""
    z, y = as_pairs(z_train, y_train, ("z_train", "y_train"))
    z_held_out, y_held_out = as_pairs(z_test, y_test, ("z_test", "y_test"))
    for name, train, test in (("z", z, z_held_out), ("y", y, y_held_out)):
        if train.shape[1] != test.shape[1]:
            raise ValueError(
                f"{name} has {train.shape[1]} dimensions to train on and {test.shape[1]} to test on"
            )
    if len(z) < FEWEST_POINTS:
        raise ValueError(f"{len(z)} points to train a probe on; it takes at least {FEWEST_POINTS}")
    median = np.broadcast_to(np.median(y, axis=0), y_held_out.shape)
    median_mae = mae(median, y_held_out)
    if not z.shape[1]:
        return Probe(0.0, median_mae, median_mae)
    z_shift, z_scale = scaling(z)
    y_shift, y_scale = scaling(y)
    prediction = learn(
        (z - z_shift) / z_scale, (y - y_shift) / y_scale, (z_held_out - z_shift) / z_scale
    )
    prediction = prediction * y_scale + y_shift
    return Probe(_r2(prediction, y_held_out), mae(prediction, y_held_out), median_mae)


def _r2(prediction: Floats, y: Floats) -> float:
    """1 - residual / total sum of squares, mean over dimensions; 0 for a constant dimension."""
    varies = np.ptp(y, axis=0) > 0
    residual = ((prediction - y) ** 2).sum(axis=0)
    total = np.where(varies, ((y - y.mean(axis=0)) ** 2).sum(axis=0), 1.0)
    return float(np.where(varies, 1 - residual / total, 0.0).mean())


def _least_squares(z: Floats, y: Floats, z_test: Floats) -> Floats:
    # scaled to mean 0, so the intercept is the mean
    return np.asarray(z_test @ np.linalg.lstsq(z, y, rcond=None)[0])


# scikit-learn takes over a second to import: only who probes pays for it


def _network(z: Floats, y: Floats, z_test: Floats, seed: int) -> Floats:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    network = MLPRegressor(
        hidden_layer_sizes=(64, 64, 64),
        learning_rate_init=3e-3,
        max_iter=40,
        early_stopping=True,
        n_iter_no_change=8,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # 40 epochs are the budget, not a failure
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(z, y if y.shape[1] > 1 else y[:, 0])
    return np.asarray(network.predict(z_test)).reshape(len(z_test), y.shape[1])


def _trees(z: Floats, y: Floats, z_test: Floats, seed: int) -> Floats:
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(
        learning_rate=0.15, max_iter=100, early_stopping=True, random_state=seed
    )
    columns = [trees.fit(z, y[:, dim]).predict(z_test) for dim in range(y.shape[1])]
    return np.stack(columns, axis=1)
