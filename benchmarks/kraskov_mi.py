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
from machine import machine
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

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
print(f"import symray.metrics {imported - start:.2f} s (most of it torch), "
      f"first estimate {done - ready:.2f} s")
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


def compare(n: int, dx: int, dy: int, k: int) -> None:
    generator = np.random.default_rng(0)
    y = generator.normal(size=(n, dy))
    x = generator.normal(size=(n, dx))
    x[:, 0] += y[:, 0]
    repeats = 1 if n * (dx + dy) > 100_000 else 5
    expected, with_trees = best(lambda: ksg1_with_trees(x, y, k), repeats)
    cells = [f"{n:>7,} {dx:>3}+{dy} {k:>3} {expected:>8.4f} {with_trees * 1e3:>10.1f} ms"]
    for threads in sorted({1, os.cpu_count() or 1}):
        torch.set_num_threads(threads)
        value, seconds = best(lambda: kraskov_mi(x, y, k, standardize=False), max(repeats, 3))
        if abs(value - expected) > 1e-6:
            raise SystemExit(f"{value} differs from SciPy's {expected} at {n} x {dx}+{dy}, k {k}")
        cells.append(f"{seconds * 1e3:>8.1f} ms {with_trees / seconds:>5.1f}x")
    print(" ".join(cells), flush=True)


def first_call() -> None:
    with tempfile.TemporaryDirectory() as cache:
        for state in ("empty", "filled"):
            print(f"{state} cache: ", end="", flush=True)
            environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
            subprocess.run([sys.executable, "-c", FIRST_CALL], env=environment, check=True)


def main() -> None:
    cores = os.cpu_count() or 1
    print(machine())
    kraskov_mi(np.arange(9.0), np.arange(9.0))
    print(f"  points dims   k     bits   SciPy trees   ours, 1 thread   ours, {cores} threads")
    for shape in SHAPES:
        for k in (3, 20):
            compare(*shape, k)
    first_call()


if __name__ == "__main__":
    main()
