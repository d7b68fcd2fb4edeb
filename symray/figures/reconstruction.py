"""A model's reconstructions beside what it was given, as Figures 1 and 2 of STIB's appendix."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symray.figures.points import Array, colour_bar, principal_plane, scatter


def reconstruction_x(x: Array, x_hat: Array, colour: Array) -> Figure:
    """Input beside reconstruction, coloured by the bins of t (STIB's appendix, Figure 1).

    Args:
        x: inputs (N, dx).
        x_hat: their reconstructions (N, dx).
        colour: what to colour by, t, (N,), finite.

    Returns:
        two panels with common limits, in the principal plane of ``x`` where dx > 2; for dx = 1 one
        panel, reconstruction against input.
    """
    return _beside(x, x_hat, colour, "x", ("Input $X$", r"Reconstruction $\hat{X}$"))


def reconstruction_y(y: Array, y_hat: Array, colour: Array) -> Figure:
    """Target beside prediction, coloured by the bins of t (STIB's appendix, Figure 2).

    Args:
        y: targets (N, dy).
        y_hat: their predictions (N, dy).
        colour: what to colour by, t, (N,), finite.

    Returns:
        the panels of :func:`reconstruction_x`.
    """
    return _beside(y, y_hat, colour, "y", ("Target $Y$", r"Prediction $\hat{Y}$"))


def _beside(
    given: Array, rebuilt: Array, colour: Array, symbol: str, titles: tuple[str, str]
) -> Figure:
    if given.shape[1] == 1:
        figure = _against(given, rebuilt, colour, titles)
    else:
        figure = Figure(figsize=(8.4, 3.8), layout=_layout())
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        projection = principal_plane(given)
        labels = (f"${symbol}_1$", f"${symbol}_2$")
        if given.shape[1] > 2:
            labels = ("first axis", "second axis")
        for axes, points, title in zip(panels, (given, rebuilt), titles, strict=True):
            scatter(axes, points @ projection, colour)
            axes.set_aspect("equal")
            axes.set(title=title, xlabel=labels[0], ylabel=labels[1])
    colour_bar(figure, colour)
    return figure


def _against(given: Array, rebuilt: Array, colour: Array, titles: tuple[str, str]) -> Figure:
    figure = Figure(figsize=(4.6, 3.8), layout=_layout())
    axes = figure.subplots()
    scatter(axes, np.column_stack((given, rebuilt)), colour)
    middle = float(np.mean(given))
    axes.axline((middle, middle), slope=1, color="black", linewidth=1)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel=titles[0], ylabel=titles[1])
    return figure


def _layout() -> ConstrainedLayoutEngine:
    """With room for the hat of a title, which matplotlib takes for lower than it is."""
    return ConstrainedLayoutEngine(h_pad=0.1)
