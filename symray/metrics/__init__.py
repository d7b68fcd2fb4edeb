"""What a trained model knows: mutual information, probes, reconstruction, invariance."""

from symray.metrics.catalogue import METRICS, OF_TARGET, Direction, Metric
from symray.metrics.gaussian import gaussian_mi
from symray.metrics.invariance import resample_z0, y_shift, z0_gain
from symray.metrics.kraskov import kraskov_mi, shuffled_mi
from symray.metrics.neural_mi import Bound, neural_mi, shuffled_neural_mi
from symray.metrics.probes import Probe, linear_probe, nonlinear_probe
from symray.metrics.reconstruction import mae
from symray.metrics.synergy import synergy_term, worst_latents

__all__ = [
    "METRICS",
    "OF_TARGET",
    "Bound",
    "Direction",
    "Metric",
    "Probe",
    "gaussian_mi",
    "kraskov_mi",
    "linear_probe",
    "mae",
    "neural_mi",
    "nonlinear_probe",
    "resample_z0",
    "shuffled_mi",
    "shuffled_neural_mi",
    "synergy_term",
    "worst_latents",
    "y_shift",
    "z0_gain",
]
