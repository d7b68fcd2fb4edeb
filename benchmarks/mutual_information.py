"""How far estimates of mutual information are from the truth, where the truth is known.

    python benchmarks/mutual_information.py --json docs/mutual_information.json

Gaussian X and Y in 2 + 2, 14 + 2 and 19 + 1 dimensions, whose mutual information is shared equally
by the dimensions of Y, each with one of X. Maps of X and of Y that can be undone leave the truth
alone: `half_cube` takes x to x |x|^(1/2) in each dimension, `spiral` turns each pair of dimensions
by the mean square of all in radians. Each figure is a mean over draws of the points; the seconds
are processor time of one thread.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from measuring.command import Options, Parser, run
from measuring.results import Results
from measuring.table import Column, Table
from symray.metrics import gaussian_mi, kraskov_mi, neural_mi, nonlinear_probe

Floats = NDArray[np.float64]

DIMENSIONS = [(2, 2), (14, 2), (19, 1)]
BITS = [0.1, 0.3, 1.0, 1.68, 3.0]
DRAWS = {305: 5, 2_000: 2, 12_473: 1}
"""By the number of points: QM9's and ZINC's validation splits, and one between."""


def half_cube(points: Floats) -> Floats:
    return np.asarray(points * np.sqrt(np.abs(points)))


def spiral(points: Floats) -> Floats:
    turned = points.copy()
    angle = (points**2).mean(axis=1)
    for i in range(0, points.shape[1] - 1, 2):
        a, b = points[:, i], points[:, i + 1]
        turned[:, i] = np.cos(angle) * a - np.sin(angle) * b
        turned[:, i + 1] = np.sin(angle) * a + np.cos(angle) * b
    return turned


MAPS: Mapping[str, Callable[[Floats], Floats]] = {
    "gaussian": lambda points: points,
    "half_cube": half_cube,
    "spiral": spiral,
}
LEFT_OUT = {("half_cube", 12_473)}
"""Ten minutes that show nothing new."""


def pair(n: int, dx: int, dy: int, bits: float, seed: int) -> tuple[Floats, Floats]:
    """Gaussian x (n, dx), y (n, dy) with I = ``bits``."""
    generator = np.random.default_rng(seed)
    rho = math.sqrt(1 - 2 ** (-2 * bits / dy))
    x = generator.normal(size=(n, dx))
    noise = generator.normal(size=(n, dy))
    return x, rho * x[:, :dy] + math.sqrt(1 - rho**2) * noise


def implied_by_probe(x: Floats, y: Floats, seed: int) -> float:
    """What I would be if the probe's errors were Gaussian: -dy/2 log(1 - R^2)."""
    half = len(x) // 2
    probe = nonlinear_probe(x[:half], y[:half], x[half:], y[half:], seed)
    return -0.5 * int(y.shape[1]) * math.log2(1 - max(probe.r2, 0.0))


def estimates(x: Floats, y: Floats, seed: int) -> list[float]:
    """Those of the table for one draw."""
    others = [
        kraskov_mi(x, y, k=3),
        kraskov_mi(x, y, k=20),
        gaussian_mi(x, y),
        implied_by_probe(x, y, seed),
    ]
    start = time.process_time()
    bound = neural_mi(x, y, seed)
    return [*others, bound.value, bound.error, time.process_time() - start]


def fill(table: Table, name: str, n: int, draws: int, bits: Sequence[float]) -> None:
    for dx, dy in DIMENSIONS:
        for truth in bits:
            drawn = []
            for seed in range(draws):
                x, y = (MAPS[name](points) for points in pair(n, dx, dy, truth, seed))
                drawn.append(estimates(x, y, seed))
            means = np.mean(drawn, axis=0)
            neural = means[4]
            table.add(f"{dx} + {dy}", truth, *means[:5], 100 * (neural / truth - 1), *means[5:])


def measure(results: Results, options: Options) -> None:
    torch.set_num_threads(1)
    bits = [1.0] if options.quick else options.bits
    for n in [100] if options.quick else options.points:
        draws = DRAWS.get(n, 1)
        for name in options.maps:
            if (name, n) in LEFT_OUT:
                continue
            table = results.table(
                f"{name}_{n}",
                f"{n:,} points, means over {draws} draw{'s' if draws > 1 else ''}, in bits",
                Column("dimensions"),
                Column("truth", form="g"),
                *(Column(other, form=".2f") for other in ("KSG k = 3", "KSG k = 20")),
                *(Column(other, form=".2f") for other in ("Gaussian", "probe", "neural")),
                Column("neural off by", "%", "+.0f"),
                Column("its standard error", form=".3f"),
                Column("its time", "s", ".1f"),
            )
            fill(table, name, n, draws, bits)


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--points", type=int, nargs="+", default=list(DRAWS), metavar="N", help="how many"
    )
    parser.add_argument("--bits", type=float, nargs="+", default=BITS, help="the truths")
    parser.add_argument("--maps", nargs="+", choices=list(MAPS), default=list(MAPS))


if __name__ == "__main__":
    run(measure, add_options)
