"""Compiled neighbour search: a sweep along one sorted coordinate, in blocks, vectorised.

Points (d, N) are sorted by their first row. The neighbours of a point within a Chebyshev radius r
lie in the window of that row within r of it, so a search in few dimensions looks at few points and
one in many degrades to a vectorised brute force, where trees degrade to a slow one: the sweep is
the faster at every shape measured (``benchmarks/kraskov_mi.py``), so there is no second way.

Distances are maxima of absolute differences: nothing depends on the order of evaluation, and
comparisons at a boundary agree exactly with every other implementation in float64.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from symray.metrics.points import Floats

Counts = NDArray[np.int64]

BLOCK = 256
ROWS_PER_TASK = 1000


def neighbour_counts(x: Floats, y: Floats, k: int) -> tuple[Counts, Counts]:
    """Points strictly closer in x (N, dx), and in y (N, dy), than the k-th neighbour in (x, y).

    Runs on ``torch.get_num_threads()`` threads, the knob that Ray and OMP_NUM_THREADS set. Plain
    threads, because numba's own thread pools survive neither a fork nor two callers at a time.
    """
    n = len(x)
    order, points = _sorted(np.concatenate([x, y], axis=1))
    distances = np.empty(n)
    _in_parallel(n, lambda start, stop: _kth_distances(points, k, start, stop, distances))
    radii = np.empty(n)
    radii[order] = distances
    return _counts(x, radii), _counts(y, radii)


def _counts(points: Floats, radii: Floats) -> Counts:
    """How many other points lie strictly within ``radii`` (N,) of each of ``points`` (N, d)."""
    order, swept = _sorted(points)
    radii = radii[order]
    found = np.empty(len(points), dtype=np.int64)
    _in_parallel(len(points), lambda start, stop: _counts_within(swept, radii, start, stop, found))
    counts = np.empty_like(found)
    counts[order] = found
    return counts


def _sorted(points: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The order of ``points`` (N, d) along their widest column, and themselves so, as (d, N)."""
    widest = int(np.argmax(points.std(axis=0)))
    order = np.argsort(points[:, widest])
    columns = [widest, *(column for column in range(points.shape[1]) if column != widest)]
    return order, np.ascontiguousarray(points[order][:, columns].T)


def _in_parallel(n: int, work: Callable[[int, int], None]) -> None:
    """``work(start, stop)`` for ranges that make up 0..n-1; the kernels release the GIL."""
    starts = range(0, n, ROWS_PER_TASK)
    stops = [min(start + ROWS_PER_TASK, n) for start in starts]
    threads = min(torch.get_num_threads(), len(starts))
    if threads == 1:
        work(0, n)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, starts, stops))


@njit(nogil=True, cache=True)
def _distances(points: Floats, i: int, low: int, high: int, scratch: Floats) -> Floats:
    """Chebyshev distances from point i to the points low..high-1, in a row of ``scratch``.

    The maximum alternates between two rows (2, BLOCK): in place, LLVM emits masked stores, which
    cost four times as much.
    """
    count = high - low
    nearer: Floats = scratch[0]
    farther: Floats = scratch[1]
    row, centre = points[0, low:high], points[0, i]
    for j in range(count):
        nearer[j] = abs(row[j] - centre)
    for dim in range(1, points.shape[0]):
        row, centre = points[dim, low:high], points[dim, i]
        for j in range(count):
            farther[j] = max(nearer[j], abs(row[j] - centre))
        nearer, farther = farther, nearer
    return nearer[:count]


@njit(nogil=True, cache=True)
def _merge(distances: Floats, nearest: Floats) -> None:
    """Insert ``distances`` into the ascending list of the k smallest so far."""
    last = nearest.size - 1
    for j in range(distances.size):
        distance = distances[j]
        if distance < nearest[last]:
            place = last
            while place > 0 and nearest[place - 1] > distance:
                nearest[place] = nearest[place - 1]
                place -= 1
            nearest[place] = distance


@njit(nogil=True, cache=True)
def _kth_distances(points: Floats, k: int, start: int, stop: int, out: Floats) -> None:
    """Distance of the points start..stop-1 to their k-th neighbour (not themselves) into ``out``.

    The window grows to both sides until neither can hold a point nearer than the k-th so far.
    """
    n = points.shape[1]
    sweep = points[0]
    nearest = np.empty(k)
    scratch = np.empty((2, BLOCK))
    for i in range(start, stop):
        nearest[:] = np.inf
        low, high = i, i + 1
        growing = True
        while growing:
            growing = False
            if high < n and sweep[high] - sweep[i] < nearest[k - 1]:
                end = min(high + BLOCK, n)
                _merge(_distances(points, i, high, end, scratch), nearest)
                high = end
                growing = True
            if low > 0 and sweep[i] - sweep[low - 1] < nearest[k - 1]:
                end = max(low - BLOCK, 0)
                _merge(_distances(points, i, end, low, scratch), nearest)
                low = end
                growing = True
        out[i] = nearest[k - 1]


@njit(nogil=True, cache=True)
def _window(sweep: Floats, i: int, radius: float) -> tuple[int, int]:
    """The half-open range of indices strictly within ``radius`` of i along the sorted row."""
    low, end = 0, i
    while low < end:
        middle = (low + end) // 2
        if sweep[i] - sweep[middle] < radius:
            end = middle
        else:
            low = middle + 1
    high, end = i, sweep.size
    while high < end:
        middle = (high + end) // 2
        if sweep[middle] - sweep[i] < radius:
            high = middle + 1
        else:
            end = middle
    return low, high


@njit(nogil=True, cache=True)
def _counts_within(points: Floats, radii: Floats, start: int, stop: int, out: Counts) -> None:
    """How many others lie strictly within ``radii[i]`` of point i, for start..stop-1."""
    scratch = np.empty((2, BLOCK))
    for i in range(start, stop):
        low, high = _window(points[0], i, radii[i])
        within = high - low
        if points.shape[0] > 1:
            within = 0
            for begin in range(low, high, BLOCK):
                for distance in _distances(points, i, begin, min(begin + BLOCK, high), scratch):
                    within += distance < radii[i]
        # the point itself is among them, unless its radius is 0
        out[i] = within - (radii[i] > 0)
