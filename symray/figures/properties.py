"""Properties that have names and units: predicted against true."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from symray.figures.points import Array


def predicted_properties(y: Array, y_hat: Array, labels: Sequence[str]) -> Figure:
    """A panel for each property with its MAE.

    Args:
        y: true values (N, d).
        y_hat: predicted values (N, d).
        labels: names and units, d of them.
    """
    figure = Figure(figsize=(3.6 * len(labels), 3.6), layout="constrained")
    panels = figure.subplots(1, len(labels), squeeze=False)[0]
    for axes, true, predicted, label in zip(panels, y.T, y_hat.T, labels, strict=True):
        size = float(np.clip(20_000 / max(len(true), 1), 2, 14))
        axes.scatter(true, predicted, s=size, alpha=0.5, linewidths=0, rasterized=True)
        middle = float(np.mean(true))
        axes.axline((middle, middle), slope=1, color="black", linewidth=1)
        error = float(np.abs(true - predicted).mean())
        axes.set(xlabel=f"true {label}", ylabel=f"predicted {label}", title=f"MAE {error:.4g}")
    return figure
