"""What a model's latent space knows of t."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from symray.figures.points import Array, bins, colour_bar, principal_plane, scatter

COLUMNS = 4


def latent_space(z0: Array, z1: Array, colour: Array, label: str = "$t$") -> Figure:
    """Z0 and Z1 in the plane, and each latent against t.

    An invariant Z0 shows all colours everywhere, and the same mean and spread (black) in every bin
    of t; an informative Z1 sorts the colours. Each panel has its own scale, since a latent of tiny
    scale can carry as much as a large one.

    Args:
        z0: codes (N, d0) of the invariant space; d0 may be 0.
        z1: codes (N, d1) of the space that predicts Y; d1 may be 0.
        colour: what to colour by, t, (N,), finite.
        label: what that is called.

    Returns:
        a panel for each space of two or more dimensions (in its principal plane where there are
        more than two) and one for each latent, numbered as in Z = (Z0, Z1).
    """
    spaces = {"Z_0": (z0, 1), "Z_1": (z1, 1 + z0.shape[1])}
    panels = sum(z.shape[1] + (z.shape[1] > 1) for z, _ in spaces.values())
    columns = min(panels, COLUMNS)
    rows = math.ceil(panels / columns)
    figure = Figure(figsize=(2.8 * columns + 0.8, 2.8 * rows + 0.3), layout="constrained")
    grid = iter(figure.subplots(rows, columns, squeeze=False).flat)
    for space, (z, first) in spaces.items():
        if z.shape[1] > 1:
            _in_plane(next(grid), space, z, first, colour)
        for number, latent in enumerate(z.T, first):
            summary = _against_t(next(grid), space, number, latent, colour, label)
    for unused in grid:
        unused.remove()
    colour_bar(figure, colour, label)
    figure.legend(handles=[summary], loc="outside lower center", frameon=False)
    return figure


def _in_plane(axes: Axes, space: str, z: Array, first: int, colour: Array) -> None:
    if z.shape[1] == 2:
        title, labels = f"${space}$", (f"$z_{{{first}}}$", f"$z_{{{first + 1}}}$")
    else:
        title, labels = f"${space}$, principal plane", ("first axis", "second axis")
    scatter(axes, z @ principal_plane(z), colour)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(title=title, xlabel=labels[0], ylabel=labels[1])


def _against_t(
    axes: Axes, space: str, number: int, latent: Array, colour: Array, label: str
) -> ErrorbarContainer:
    scatter(axes, np.column_stack((colour, latent)), colour)
    tenth = np.asarray(bins(colour)(colour))
    members = [tenth == b for b in np.unique(tenth)]
    summary = axes.errorbar(
        [colour[m].mean() for m in members],
        [latent[m].mean() for m in members],
        [latent[m].std() for m in members],
        fmt="o-",
        color="black",
        linewidth=1,
        markersize=2.5,
        capsize=2,
        label="mean and standard deviation in each bin",
    )
    axes.set(title=f"${space}$: $z_{{{number}}}$", xlabel=label, ylabel=f"$z_{{{number}}}$")
    return summary
