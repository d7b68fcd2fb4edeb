"""Neighbour search on any torch device that has float64: brute force, a bounded chunk at a time."""

import numpy as np
import torch
from numpy.typing import NDArray

from symray.metrics.points import Floats

Counts = NDArray[np.int64]

DISTANCES_PER_CHUNK = 2**23


def neighbour_counts(
    x: Floats, y: Floats, k: int, device: torch.device | str
) -> tuple[Counts, Counts]:
    """Points strictly closer in x (N, dx), and in y (N, dy), than the k-th neighbour in (x, y).

    Holds three matrices of at most ``DISTANCES_PER_CHUNK`` (64 MiB) or N distances at a time.
    """
    n = len(x)
    a, b = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
    counts = torch.empty(2, n, dtype=torch.int64, device=device)
    chunk = max(1, DISTANCES_PER_CHUNK // n)
    for start in range(0, n, chunk):
        rows = torch.arange(start, min(start + chunk, n), device=device)
        in_x = torch.cdist(a[rows], a, p=torch.inf)
        in_y = torch.cdist(b[rows], b, p=torch.inf)
        joint = torch.maximum(in_x, in_y)
        joint[rows - start, rows] = torch.inf
        radius = joint.topk(k, dim=1, largest=False).values[:, -1:]
        itself = (radius[:, 0] > 0).long()
        counts[0, rows] = (in_x < radius).sum(dim=1) - itself
        counts[1, rows] = (in_y < radius).sum(dim=1) - itself
    in_x, in_y = counts.cpu().numpy()
    return in_x, in_y
