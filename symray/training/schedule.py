"""How lambda and the learning rates change over a training."""

import math

import numpy as np

from symray.training.settings import Settings


def lambda_at(settings: Settings, epoch: int) -> float:
    """The initial lambda, multiplied by the papers' l after every epoch, capped.

    Args:
        settings: the trial's.
        epoch: finished epochs.
    """
    try:
        grown = float(settings["lambda_initial"] * settings["lambda_growth"] ** epoch)
    except OverflowError:
        grown = math.inf
    return min(grown, settings.get("lambda_max", math.inf))


def rate_factors(settings: Settings, epoch: int, steps: int) -> np.ndarray:
    """What the learning rates are multiplied by at each step of an epoch, float64 (steps,).

    They fall by half a cosine over the training (Loshchilov & Hutter 2017, without restarts), from
    1 to ``1 - learning_rate_decay``.

    Args:
        settings: the trial's.
        epoch: finished epochs.
        steps: of an epoch.
    """
    progress = (epoch + np.arange(steps) / steps) / settings["epochs"]
    return 1 - settings["learning_rate_decay"] * (1 - np.cos(np.pi * progress)) / 2
