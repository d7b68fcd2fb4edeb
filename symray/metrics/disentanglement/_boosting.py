"""Gradient boosted trees, compiled: the classifier that the standard DCI reads importances from.

What scikit-learn's GradientBoostingClassifier fits by default (Friedman 2001, Algorithm 6: 100
stages of a tree of depth 3 for each class, learning rate 0.1), on features sorted into at most 256
bins beforehand, so that a tree costs three passes over the data and no sort. Where a feature has
no more distinct values than that, the trees are the same.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from symray.metrics.disentanglement.encoded import Classes
from symray.metrics.points import Floats

BINS = 256
STAGES = 100
DEPTH = 3
RATE = 0.1
LEAST_GAIN = 1e-12

Bins = NDArray[np.uint8]


def boost(x: Floats, y: Classes, x_test: Floats) -> tuple[Floats, Classes]:
    """Train on ``x`` (N, d) and classes ``y`` (N,); importances (d,) and classes of ``x_test``.

    Importances are each feature's share in the decrease of squared error, mean over the trees.
    Features that never split have importance 0, and all have where there is nothing to learn.
    """
    present, y = np.unique(y, return_inverse=True)
    edges = [_edges(column) for column in x.T]
    bins, bins_test = (
        np.stack([np.searchsorted(e, c, side="right") for e, c in zip(edges, z.T, strict=True)])
        for z in (x, x_test)
    )
    if len(present) == 1:
        return np.zeros(x.shape[1]), np.full(len(x_test), present[0])
    gains, scores = _boost(
        bins.astype(np.uint8), y, bins_test.astype(np.uint8), len(present), STAGES, RATE
    )
    total = gains.sum()
    return gains / (total if total > 0 else 1), np.asarray(present[scores.argmax(axis=0)])


def _edges(column: Floats) -> Floats:
    """Ascending thresholds, at most ``BINS - 1``, in the middle between neighbouring values.

    Between all of them if they are few; else in the widest gap of each of as many runs of equal
    count, so that groups of values which stand apart are never in one bin.
    """
    values = np.unique(column)
    if len(values) > BINS:
        values = np.sort(column)
        runs = np.array_split(np.diff(values), BINS - 1)
        starts = np.cumsum([0, *(len(run) for run in runs[:-1])])
        below = starts + [int(run.argmax()) for run in runs]
        return np.unique((values[below] + values[below + 1]) / 2)
    return np.asarray((values[1:] + values[:-1]) / 2)


@njit(cache=True, nogil=True)
def _split(
    bins: Bins,
    residual: Floats,
    node: NDArray[np.uint8],
    nodes: int,
    sums: Floats,
    counts: Floats,
    feature: Classes,
    threshold: Classes,
    gains: Floats,
) -> None:
    """The best split of each of a level's ``nodes`` into ``feature`` and ``threshold``; -1: none.

    Gains are decreases of the squared error of ``residual``, ``S_l^2/n_l + S_r^2/n_r - S^2/n``;
    the split features' go into ``gains`` (d,) as well.
    """
    best = np.full(nodes, LEAST_GAIN)
    feature[:nodes] = -1
    for f in range(bins.shape[0]):
        sums[:nodes] = 0
        counts[:nodes] = 0
        row = bins[f]
        for n in range(row.size):
            sums[node[n], row[n]] += residual[n]
            counts[node[n], row[n]] += 1
        for k in range(nodes):
            total, count = sums[k].sum(), counts[k].sum()
            left, within = 0.0, 0.0
            for b in range(BINS - 1):
                if counts[k, b] == 0:
                    continue
                left += sums[k, b]
                within += counts[k, b]
                if within == count:
                    break
                right = total - left
                gain = left**2 / within + right**2 / (count - within) - total**2 / count
                if gain > best[k] * (1 + 1e-12):
                    best[k] = gain
                    feature[k] = f
                    threshold[k] = b
    for k in range(nodes):
        if feature[k] >= 0:
            gains[feature[k]] += best[k]


@njit(cache=True, nogil=True)
def _descend(bins: Bins, node: NDArray[np.uint8], feature: Classes, threshold: Classes) -> None:
    """Move every row to the child that its node's split names; an unsplit node has a left child."""
    for n in range(node.size):
        f = feature[node[n]]
        right = f >= 0 and bins[f, n] > threshold[node[n]]
        node[n] = 2 * node[n] + (1 if right else 0)


@njit(cache=True, nogil=True)
def _boost(
    bins: Bins, y: Classes, bins_test: Bins, classes: int, stages: int, rate: float
) -> tuple[Floats, Floats]:
    """Gains of the features (d,), mean over the trees, and the test rows' scores (classes, M)."""
    rows, leaves = bins.shape[1], 2**DEPTH
    trees = classes if classes > 2 else 1  # of two classes the log-odds of the second suffice
    share = np.zeros(classes)
    for n in range(rows):
        share[y[n]] += 1 / rows
    scores, scores_test = np.zeros((classes, rows)), np.zeros((classes, bins_test.shape[1]))
    for k in range(classes):
        scores[k] = np.log(share[k])
        scores_test[k] = np.log(share[k])
    gains = np.zeros(bins.shape[0])
    grown = 0
    probability, residual = np.empty((classes, rows)), np.empty(rows)
    node, node_test = np.empty(rows, np.uint8), np.empty(bins_test.shape[1], np.uint8)
    sums, counts = np.empty((leaves // 2, BINS)), np.empty((leaves // 2, BINS))
    feature, threshold = np.empty(leaves // 2, np.int64), np.zeros(leaves // 2, np.int64)
    for _ in range(stages):
        for n in range(rows):
            top = scores[:, n].max()
            total = 0.0
            for k in range(classes):
                probability[k, n] = np.exp(scores[k, n] - top)
                total += probability[k, n]
            for k in range(classes):
                probability[k, n] /= total
        for k in range(classes - trees, classes):
            for n in range(rows):
                residual[n] = (1.0 if y[n] == k else 0.0) - probability[k, n]
            node[:] = 0
            node_test[:] = 0
            for level in range(DEPTH):
                _split(bins, residual, node, 2**level, sums, counts, feature, threshold, gains)
                if level == 0 and feature[0] >= 0:
                    grown += 1
                _descend(bins, node, feature, threshold)
                _descend(bins_test, node_test, feature, threshold)
            above, below = np.zeros(leaves), np.zeros(leaves)
            for n in range(rows):
                above[node[n]] += residual[n]
                below[node[n]] += probability[k, n] * (1 - probability[k, n])
            factor = rate * ((classes - 1) / classes if trees > 1 else 1)
            for leaf in range(leaves):
                above[leaf] = factor * above[leaf] / below[leaf] if below[leaf] > 1e-150 else 0.0
            for n in range(rows):
                scores[k, n] += above[node[n]]
            for n in range(node_test.size):
                scores_test[k, n] += above[node_test[n]]
    return gains / max(grown, 1), scores_test
