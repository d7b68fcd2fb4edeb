"""Which metrics tables have columns for, and what stands above them."""

from symray.metrics import METRICS, OF_TARGET
from symray.record.study_record import StudyRecord
from symray.report.compare import Comparison

HEADINGS = {
    "x_mae": "X MAE",
    "x_accuracy": "X accuracy",
    "x_exact": "X exact",
    "x_nats": "X nats",
    "y_mae": "Y MAE",
    "mi_z0_y_paper": "MI(Z0;Y) as published",
    "mi_z0_y_sampled": "MI(Z0;Y) sampled",
    "mi_z0_y": "MI(Z0;Y)",
    "floor": "its floor",
    "probe_r2": "probe R²",
    "z0_gain": "Z0 gain",
    "factor_vae_metric": "FactorVAE metric",
    "mig": "MIG",
    "dci": "DCI",
    "beta_vae_metric": "beta-VAE metric",
    "active_latents": "active",
}
"""Columns, as far as a study has them."""


def shown_metrics(record: StudyRecord) -> list[str]:
    """Metrics that a study's tables have columns for: those that it optimises and constrains.

    Where one of them is an invariance, the other readings of it stand beside it.
    """
    file = record.file
    names = [*file.objectives, *(constraint.metric for constraint in file.constraints)]
    if any(METRICS[name].invariance for name in names):
        names += ["mi_z0_y_paper", "mi_z0_y", "probe_r2"]
    return list(dict.fromkeys(names))


def headings(comparison: Comparison) -> dict[str, str]:
    """Metrics that a study has and their headings, errors of single targets first."""
    had = {name for row in comparison.rows for name in row.figures}
    had |= {"floor"} if "mi_z0_y" in had else set()
    of_targets = [name for name in METRICS.among(had) if name.startswith(OF_TARGET)]
    return {name: name for name in of_targets} | {n: h for n, h in HEADINGS.items() if n in had}
