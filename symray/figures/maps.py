"""Metrics over a grid of two settings."""

import math
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from symray.figures.points import Array

COLUMNS = 3


def grid_maps(
    values: Mapping[str, Array],
    rows: tuple[str, Sequence[float]],
    columns: tuple[str, Sequence[float]],
) -> Figure:
    """A map for each metric, its number in each cell.

    Args:
        values: by the metric's name, (R, C); NaN where there is none.
        rows: name and R values of the setting that varies along the rows, from below.
        columns: the same of the columns, from the left.
    """
    across = min(len(values), COLUMNS)
    down = math.ceil(len(values) / across)
    size = (0.75 * len(columns[1]) + 1.4, 0.5 * len(rows[1]) + 0.9)
    figure = Figure(figsize=(across * size[0], down * size[1]), layout="constrained")
    panels = iter(figure.subplots(down, across, squeeze=False).flat)
    for name, cells in values.items():
        _map(next(panels), name, np.asarray(cells, np.float64), rows, columns)
    for unused in panels:
        unused.remove()
    return figure


def _map(
    axes: Axes,
    title: str,
    cells: Array,
    rows: tuple[str, Sequence[float]],
    columns: tuple[str, Sequence[float]],
) -> None:
    shown = axes.imshow(cells, cmap=mpl.colormaps["viridis"], origin="lower", aspect="auto")
    axes.figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.03)
    finite = cells[np.isfinite(cells)]
    middle = (finite.min() + finite.max()) / 2 if finite.size else 0.0
    for row, column in np.argwhere(np.isfinite(cells)).tolist():
        value = float(cells[row, column])
        axes.text(
            column,
            row,
            f"{value:.3g}",
            color="white" if value < middle else "black",
            ha="center",
            va="center",
            fontsize="small",
        )
    axes.set_xticks(range(len(columns[1])), labels=[f"{v:g}" for v in columns[1]])
    axes.set_yticks(range(len(rows[1])), labels=[f"{v:g}" for v in rows[1]])
    axes.set_title(title, fontsize="medium")
    axes.set(xlabel=columns[0], ylabel=rows[0])
