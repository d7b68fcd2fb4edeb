"""What a model says of the molecules that it has generated (STIB's appendix, Figure 4b)."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from symray.figures.points import Array


def self_consistency(
    targets: Sequence[float], predictions: Sequence[Array], error: float | None, label: str
) -> Figure:
    """A box of predictions for each fixed value, beside the band of the model's own error.

    Args:
        targets: the values that were fixed.
        predictions: of the molecules generated for each of them, (N,), possibly none.
        error: the model's MAE on held-out molecules; None where it isn't known.
        label: of the property, with its unit.
    """
    figure = Figure(figsize=(1.6 + 1.5 * len(targets), 3.6), layout="constrained")
    axes = figure.subplots()
    places = range(1, len(targets) + 1)
    for place, target in zip(places, targets, strict=True):
        ends = (place - 0.4, place + 0.4)
        if error is not None:
            axes.fill_between(ends, target - error, target + error, color="C0", alpha=0.25, lw=0)
        axes.plot(ends, (target, target), color="C0", linewidth=1)
    axes.boxplot(
        [values if len(values) else [float("nan")] for values in predictions],
        positions=list(places),
        widths=0.35,
        medianprops={"color": "black"},
        flierprops={"markersize": 3},
    )
    counts = [
        f"{target:.4g}\n(n = {len(p)})" for target, p in zip(targets, predictions, strict=True)
    ]
    axes.set_xticks(list(places), counts)
    axes.set(xlabel=f"fixed {label}", ylabel=f"predicted {label}", xlim=(0.4, len(targets) + 0.6))
    band = "" if error is None else "\nband: MAE on held-out molecules"
    axes.set_title(f"Self-consistency{band}", fontsize="small")
    return figure
