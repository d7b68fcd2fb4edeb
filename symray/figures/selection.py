"""How many latents it takes (STIB's appendix, Additional Experiment 2, Figure 3)."""

from collections.abc import Sequence

from matplotlib.figure import Figure


def model_selection(
    latents: Sequence[int],
    quality: Sequence[float],
    information: Sequence[float],
    labels: tuple[str, str],
    spreads: tuple[Sequence[float], Sequence[float]] | None = None,
) -> Figure:
    """Reconstruction (left axis, green) and mutual information (right axis, blue).

    Args:
        latents: numbers of latent dimensions, ascending, (N,).
        quality: of the reconstruction, (N,).
        information: between Z0 and Y, (N,).
        labels: of the two axes.
        spreads: standard deviations of both, (N,) each, where there are several seeds.
    """
    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    left = figure.subplots()
    right = left.twinx()
    series = ((left, quality, "o", "tab:green"), (right, information, "x", "tab:blue"))
    for side, (axes, values, marker, colour) in enumerate(series):
        spread = None if spreads is None else spreads[side]
        axes.errorbar(latents, values, spread, fmt=marker, color=colour, capsize=2, clip_on=False)
        axes.set_ylabel(labels[side], color=colour)
        axes.tick_params(axis="y", colors=colour)
        reach = spread or [0.0] * len(values)
        low = min([0.0, *(v - r for v, r in zip(values, reach, strict=True))])
        top = max([0.0, *(v + r for v, r in zip(values, reach, strict=True))])
        axes.set_ylim(1.05 * low, 1.05 * top or 1.0)
    left.set_xlabel("latent dimensions")
    left.set_xticks(list(latents))
    return figure
