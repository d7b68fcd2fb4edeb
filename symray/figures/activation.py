"""What each latent answers to: its mean over all images that share some of the factors."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from symray.figures.points import Array

Classes = NDArray[np.integer]

SHAPE, SCALE, ORIENTATION, X, Y = range(5)
SHAPES = ("square", "ellipse", "heart")
CURVES = (("tab:blue", 3), ("tab:orange", 2), ("tab:red", 1))  # curves that coincide all show


def mean_activations(
    codes: Array, factors: Classes, sizes: Sequence[int], active: NDArray[np.bool_]
) -> Figure:
    """Mean activation of each active latent, as in the Non-Syn VAE paper's Figure 2.

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, 5) classes of dSprites: shape, scale, orientation, x, y.
        sizes: how many classes each factor has.
        active: which latents to draw, (d,).

    Returns:
        a row for each active latent: a map over position, averaged over all else, and its mean
        against scale and against orientation, one curve a shape. Blue is negative, red positive;
        all panels of a latent share its range, so that what it ignores is flat. Values of a factor
        that no image has are left blank.
    """
    latents = np.flatnonzero(active)
    rows = max(len(latents), 1)
    figure = Figure(figsize=(8.6, 1.9 * rows + 0.5), layout="constrained")
    panels = figure.subplots(rows, 3, squeeze=False, width_ratios=[1, 1.3, 1.6])
    if not len(latents):
        for panel in panels.flat:
            panel.set_axis_off()
        panels[0, 1].text(0.5, 0.5, "no latent is active", ha="center", va="center")
    for row, latent in enumerate(latents):
        _latent(panels[row], codes[:, latent], factors, sizes, int(latent) + 1)
    for panel in panels[:-1, 1:].flat:
        panel.set_xlabel("")
    if len(latents):
        handles, names = panels[0, 1].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    return figure


def group_means(values: Array, groups: Sequence[Classes], sizes: Sequence[int]) -> Array:
    """Mean of ``values`` (N,) for each combination of ``groups``, each (N,); shape ``sizes``.

    NaN where a combination doesn't occur.
    """
    flat = np.ravel_multi_index(tuple(group.astype(np.int64) for group in groups), sizes)
    cells = int(np.prod(sizes))
    totals = np.bincount(flat, values, cells)
    counts = np.bincount(flat, minlength=cells)
    means = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return np.asarray(means.reshape(sizes))


def _latent(
    panels: Sequence[Axes], values: Array, factors: Classes, sizes: Sequence[int], number: int
) -> None:
    shape, scale, orientation, x, y = factors.T
    place = group_means(values, (y, x), (sizes[Y], sizes[X]))
    curves = [
        group_means(values, (shape, along), (sizes[SHAPE], sizes[factor]))
        for along, factor in ((scale, SCALE), (orientation, ORIENTATION))
    ]
    reach = 1.05 * max(float(np.nanmax(np.abs(means))) for means in (place, *curves))
    _map(panels[0], place, reach, number)
    _curves(panels[1], curves[0], np.linspace(0.5, 1, sizes[SCALE]), "scale", reach)
    _curves(panels[2], curves[1], np.linspace(0, 360, sizes[ORIENTATION]), "orientation", reach)
    panels[2].set_xticks([0, 90, 180, 270, 360], labels=["0°", "90°", "180°", "270°", "360°"])


def _map(axes: Axes, means: Array, reach: float, number: int) -> None:
    # a map of few cells that occur, of a sub-grid, is drawn without the blank rows between them
    seen = means[~np.isnan(means).all(axis=1)][:, ~np.isnan(means).all(axis=0)]
    shown = axes.imshow(
        seen, cmap=mpl.colormaps["RdBu_r"], vmin=-reach, vmax=reach, interpolation="nearest"
    )
    axes.set(xticks=[], yticks=[], ylabel=f"$z_{{{number}}}$", xlabel="")
    axes.yaxis.label.set(rotation=0, ha="right", va="center")
    axes.figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.03)
    if axes.get_subplotspec().rowspan.start == 0:  # type: ignore[union-attr]
        axes.set_title("position", fontsize="medium")


def _curves(axes: Axes, means: Array, along: Array, factor: str, reach: float) -> None:
    for name, (colour, width), curve in zip(SHAPES, CURVES, means, strict=False):
        known = ~np.isnan(curve)
        axes.plot(along[known], curve[known], color=colour, label=name, linewidth=width)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set(ylim=(-reach, reach), xlabel="")
    if axes.get_subplotspec().rowspan.start == 0:  # type: ignore[union-attr]
        axes.set_title(factor, fontsize="medium")
