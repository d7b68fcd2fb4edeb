"""The synergy of several models over their training, side by side."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from symray.figures.points import Array

CALM = 0.5  # below it, the paper's curves have settled


def synergy_curves(curves: Mapping[str, tuple[Array, Array]]) -> Figure:
    """A panel for each model, with common axes: the Non-Syn VAE paper's Figures 3 and 4.

    Logarithmic above one nat, as the peaks are hundreds of times what is left later.

    Args:
        curves: by the model's name, steps (S,) and alpha I_max at each (S,), in nats and with one
            alpha for all models.

    Returns:
        panels in the order given, the peak of each marked and said.
    """
    figure = Figure(figsize=(4.4 * len(curves) + 0.3, 3.0), layout="constrained")
    panels = figure.subplots(1, len(curves), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (name, (steps, values)) in zip(panels, curves.items(), strict=True):
        axes.plot(steps, values, color="tab:blue", linewidth=0.8)
        axes.axhline(CALM, color="0.6", linewidth=0.8, linestyle="dotted", zorder=0)
        finite = np.isfinite(values)
        if finite.any():
            peak = int(np.where(finite, values, -np.inf).argmax())
            axes.plot(steps[peak], values[peak], "o", color="tab:red", markersize=4)
            axes.annotate(
                f"{values[peak]:.3g} at step {steps[peak]:.0f}",
                (steps[peak], values[peak]),
                xytext=(8, -2),
                textcoords="offset points",
                fontsize="small",
            )
        axes.set(title=name, xlabel="training step")
    panels[0].set_yscale("symlog", linthresh=1)
    panels[0].set(ylabel=r"synergy $\alpha\,I_{max}$ (nats)", ylim=(0, None))
    return figure
