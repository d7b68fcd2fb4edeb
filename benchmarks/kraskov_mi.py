"""How fast the Kraskov estimator is against the same estimator written plainly with SciPy's trees.

    python benchmarks/kraskov_mi.py

The baseline is one vectorised tree query for the radii and one vectorised range count per margin,
on one worker. Each row is the best of a few repeats of both, and checks that they agree to 1e-6.
Then: what importing and compiling cost a process, with an empty and with a filled disk cache.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from measuring.command import Options, run
from measuring.results import Results
from measuring.table import Column, Table
from symray.metrics import kraskov_mi

Floats = NDArray[np.float64]

SHAPES = [
    (305, 14, 2),
    (1_000, 2, 2),
    (5_000, 2, 2),
    (10_000, 2, 2),
    (10_000, 14, 2),
    (10_000, 19, 1),
]
QUICK_SHAPES = [(305, 14, 2)]

FIRST_CALL = """
import time
start = time.perf_counter()
import symray.metrics
imported = time.perf_counter()
import numpy as np
points = np.random.default_rng(0).normal(size=(100, 2))
ready = time.perf_counter()
symray.metrics.kraskov_mi(points, points + 1.0)
done = time.perf_counter()
print(imported - start, done - ready)
"""


def ksg1_with_trees(x: Floats, y: Floats, k: int) -> float:
    """KSG-1 in bits by SciPy's trees, one worker."""
    joint = np.hstack([x, y])
    radii = cKDTree(joint).query(joint, k=k + 1, p=np.inf, workers=1)[0][:, -1]
    inside = np.nextafter(radii, 0)
    in_x, in_y = (
        cKDTree(margin).query_ball_point(margin, inside, p=np.inf, return_length=True, workers=1)
        for margin in (x, y)
    )
    nats = digamma(k) + digamma(len(x)) - np.mean(digamma(in_x) + digamma(in_y))
    return float(nats / np.log(2))


def best(work: Callable[[], float], repeats: int) -> tuple[float, float]:
    """The value of ``work`` and the shortest of its times in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        value = work()
        times.append(time.perf_counter() - start)
    return value, min(times)


def compare(table: Table, n: int, dx: int, dy: int, k: int) -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=(n, dy))
    x = generator.normal(size=(n, dx))
    x[:, 0] += y[:, 0]
    repeats = 1 if n * (dx + dy) > 100_000 else 5
    expected, with_trees = best(lambda: ksg1_with_trees(x, y, k), repeats)
    cells: list[object] = [n, f"{dx} + {dy}", k, 1e3 * with_trees]
    for threads in thread_counts():
        torch.set_num_threads(threads)
        value, seconds = best(lambda: kraskov_mi(x, y, k, standardize=False), max(repeats, 3))
        if abs(value - expected) > 1e-6:
            raise SystemExit(f"{value} differs from SciPy's {expected} at {n} x {dx}+{dy}, k {k}")
        cells += [1e3 * seconds, with_trees / seconds]
    table.add(*cells)


def thread_counts() -> list[int]:
    """With how many threads ours runs: one, and as many as there are cores."""
    return sorted({1, os.cpu_count() or 1})


def against_trees(results: Results, quick: bool) -> None:
    kraskov_mi(np.arange(9.0), np.arange(9.0))
    columns = [Column("points", form=","), Column("dimensions"), Column("k")]
    columns += [Column("SciPy's trees", "ms", ".1f")]
    for threads in thread_counts():
        name = f"{threads} thread{'s' if threads > 1 else ''}"
        columns += [Column(name, "ms", ".1f"), Column(f"trees / {name}", "x", ".1f")]
    table = results.table("trees", "One estimate, the best of a few of either", *columns)
    for shape in QUICK_SHAPES if quick else SHAPES:
        for k in (3, 20):
            compare(table, *shape, k)


def first_call(results: Results, quick: bool) -> None:
    table = results.table(
        "first",
        "What a process spends before its first estimate is there; most of the import is torch's",
        *(Column("numba's cache on disk"), Column("import symray.metrics", "s", ".2f")),
        Column("first estimate", "s", ".2f"),
    )
    with tempfile.TemporaryDirectory() as cache:
        for state in ("empty",) if quick else ("empty", "filled"):
            environment = os.environ | {"NUMBA_CACHE_DIR": cache}
            command = [sys.executable, "-c", FIRST_CALL]
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            table.add(state, *map(float, done.stdout.split()))


def measure(results: Results, options: Options) -> None:
    against_trees(results, options.quick)
    first_call(results, options.quick)


if __name__ == "__main__":
    run(measure)
