"""Points coloured by the ten bins that all figures share."""

import math

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[np.floating]

BINS = 10
COLOURS = ListedColormap(mpl.colormaps["turbo"](np.linspace(0.04, 0.96, BINS)), name="bins")


def bins(colour: Array) -> BoundaryNorm:
    """The equal-width bins of ``colour`` (N,); a constant lies in the middle of a range of 1."""
    edges = np.histogram_bin_edges(colour.astype(np.float64), BINS)
    return BoundaryNorm(edges, BINS, clip=True)


def scatter(axes: Axes, points: Array, colour: Array) -> None:
    """Draw ``points`` (N, 2) in a shuffled but fixed order, so that no bin hides another."""
    order = np.random.default_rng(0).permutation(len(colour))
    axes.scatter(
        points[order, 0],
        points[order, 1],
        s=float(np.clip(20_000 / max(len(colour), 1), 2, 20)),
        c=colour[order],
        cmap=COLOURS,
        norm=bins(colour),
        linewidths=0,
        alpha=0.8,
        rasterized=True,
    )


def colour_bar(figure: Figure, colour: Array, label: str = "$t$") -> None:
    """Add the bar that says which tenth of the range of ``label`` each colour is."""
    norm = bins(colour)
    mappable = mpl.cm.ScalarMappable(norm, COLOURS)
    bar = figure.colorbar(mappable, ax=figure.axes, fraction=0.03, pad=0.02, aspect=30, label=label)
    edges = norm.boundaries.tolist()
    decimals = max(0, 1 - math.floor(math.log10(edges[1] - edges[0])))
    bar.set_ticks(edges, labels=[f"{edge:z.{decimals}f}" for edge in edges])
    bar.ax.tick_params(length=0, labelsize="small")


def principal_plane(points: Array) -> Array:
    """Projection (d, 2) on the first principal axes of ``points`` (N, d); the identity if d = 2."""
    dims = points.shape[1]
    if dims == 2:
        return np.eye(2)
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(axes[:, : dims - 3 : -1])
