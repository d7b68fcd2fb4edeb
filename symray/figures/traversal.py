"""What each latent does to the image when it alone moves."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from symray.figures.points import Array

INCHES = 0.62  # of an image
FRAME_MILLISECONDS = 120


def traversal(images: Array, values: Array, labels: Sequence[str] | None = None) -> Figure:
    """A grid of decoded images: a row for each latent, a column for each of its values.

    Args:
        images: (d, S, H, W) in [0, 1]: latent i set to value s, all others as they were.
        values: (S,), usually from -3 to 3.
        labels: of the latents; z_1, z_2, ... where there are none.

    Returns:
        the values stand above the columns.
    """
    latents, steps = images.shape[:2]
    figure = Figure(figsize=(INCHES * steps + 0.5, INCHES * latents + 0.4), layout=_tight())
    panels = figure.subplots(latents, steps, squeeze=False)
    for row, label in enumerate(_names(labels, latents)):
        for column in range(steps):
            _show(panels[row, column], images[row, column])
        panels[row, 0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize="small")
    for column, value in enumerate(values):
        panels[0, column].set_title(_number(value), fontsize="small")
    return figure


def save_traversal_gif(
    images: Array, values: Array, path: Path, labels: Sequence[str] | None = None
) -> None:
    """The same as an endless animation: all latents side by side, each moving there and back.

    Arguments as :func:`traversal`; folders of ``path`` that are missing are made.
    """
    latents, steps = images.shape[:2]
    columns = min(latents, 5)
    rows = -(-latents // columns)
    figure = Figure(figsize=(1.1 * columns, 1.3 * rows + 0.3), layout=_tight(), dpi=100)
    canvas = FigureCanvasAgg(figure)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in panels[latents:]:
        unused.remove()
    shown = [_show(panel, image) for panel, image in zip(panels, images[:, 0], strict=False)]
    for panel, label in zip(panels, _names(labels, latents), strict=False):
        panel.set_title(label, fontsize="small")
    frames = []
    for step in range(steps):
        for drawn, image in zip(shown, images[:, step], strict=True):
            drawn.set_data(image)
        figure.suptitle(_number(values[step]), fontsize="small")
        canvas.draw()  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")  # the first frame's is that of all
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        frames.append(Image.fromarray(pixels).convert("L"))
    frames += frames[-2:0:-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=FRAME_MILLISECONDS, loop=0
    )


def image_reconstructions(x: Array, x_hat: Array) -> Figure:
    """Images above their reconstructions.

    Args:
        x: (N, H, W) in [0, 1].
        x_hat: the same of what came out, as probabilities.

    Returns:
        two rows of N images.
    """
    figure = Figure(figsize=(INCHES * len(x) + 1.0, 2 * INCHES + 0.1), layout=_tight())
    panels = figure.subplots(2, len(x), squeeze=False)
    for row, (images, name) in enumerate(((x, "given"), (x_hat, "rebuilt"))):
        for panel, image in zip(panels[row], images, strict=True):
            _show(panel, image)
        panels[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize="small")
    return figure


def _show(axes: Axes, image: Array) -> AxesImage:
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set(color="0.6", linewidth=0.5)
    return axes.imshow(image, cmap=mpl.colormaps["gray"], vmin=0, vmax=1, interpolation="nearest")


def _names(labels: Sequence[str] | None, latents: int) -> Sequence[str]:
    return labels or [f"$z_{{{i}}}$" for i in range(1, latents + 1)]


def _tight() -> ConstrainedLayoutEngine:
    return ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)


def _number(value: float) -> str:
    return f"{value:.2f}".removesuffix("0").replace("-", "\N{MINUS SIGN}")
