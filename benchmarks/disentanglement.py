"""How long the disentanglement metrics take at their standard sizes, given encoded means.

    python benchmarks/disentanglement.py [--all-factors]

The codes are ten latents of the full grid of dSprites, 737,280 of them: five hold a factor each,
through noise, and five hold noise alone. Each metric is also written plainly: a loop over
scikit-learn's estimators and NumPy's draws, one at a time, as a reader of the papers would write
it. Plain and ours take turns; the shortest of their times count. Boosted trees are compared on
shape and scale, whose nine classes are a twelfth of all, unless --all-factors is given; so are
scikit-learn's support vector machines, for all latents.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from machine import machine
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC

from symray.data.factors import DSPRITES
from symray.metrics.disentanglement import (
    beta_vae_metric,
    dci,
    factor_vae_metric,
    mig,
    modularity,
    sap_r2,
    sap_svm,
    udr,
)

Floats = NDArray[np.floating]
Classes = NDArray[np.int64]

TRAIN, TEST, BATCH = 10_000, 5_000, 64
FEW_FACTORS = 2  # shape and scale


def encoded() -> tuple[Floats, Classes]:
    factors = DSPRITES.classes(np.arange(len(DSPRITES)))
    generator = np.random.default_rng(0)
    codes = 0.1 * generator.normal(size=(len(factors), 10))
    codes[:, :5] += 4 * factors / DSPRITES.sizes - 2
    return codes.astype(np.float32), factors


def fixed(generator: np.random.Generator) -> tuple[int, Classes, Classes]:
    """A factor, and the grid positions of two batches."""
    factor = int(generator.integers(5))
    first, second = (generator.integers(0, DSPRITES.sizes, (BATCH, 5)) for _ in range(2))
    return factor, first, second


def plain_factor_vae(codes: Floats, factors: Classes) -> float:
    generator = np.random.default_rng(0)
    variance = codes[generator.integers(len(codes), size=TRAIN)].var(axis=0, ddof=1)
    votes = np.zeros((2, codes.shape[1], 5))
    for vote in range(TRAIN + TEST):
        factor, batch, _ = fixed(generator)
        batch[:, factor] = batch[0, factor]
        local = codes[DSPRITES.index(batch)].var(axis=0, ddof=1)
        votes[int(vote >= TRAIN), np.argmin(local / variance), factor] += 1
    chosen = votes[0].argmax(axis=1)
    return float(votes[1, np.arange(codes.shape[1]), chosen].sum() / TEST)


def plain_beta_vae(codes: Floats, factors: Classes) -> float:
    generator = np.random.default_rng(0)
    points, labels = np.empty((TRAIN + TEST, codes.shape[1])), np.empty(TRAIN + TEST, int)
    for point in range(TRAIN + TEST):
        labels[point], first, second = fixed(generator)
        second[:, labels[point]] = first[:, labels[point]]
        pair = codes[DSPRITES.index(first)] - codes[DSPRITES.index(second)]
        points[point] = np.abs(pair).mean(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression().fit(points[:TRAIN], labels[:TRAIN])
    return float(model.score(points[TRAIN:], labels[TRAIN:]))


def rows(codes: Floats, factors: Classes) -> tuple[Floats, Classes]:
    drawn = np.random.default_rng(0).permutation(len(codes))[: TRAIN + TEST]
    return codes[drawn], factors[drawn]


def plain_mig(codes: Floats, factors: Classes) -> float:
    z, y = rows(codes, factors)
    z, y = z[:TRAIN], y[:TRAIN]
    binned = [np.digitize(c, np.histogram(c, 20)[1][:-1]) for c in z.T]
    known = np.array([[mutual_info_score(f, b) for f in y.T] for b in binned])
    known.sort(axis=0)
    entropies = [mutual_info_score(f, f) for f in y.T]
    return float(((known[-1] - known[-2]) / entropies).mean())


def plain_sap_svm(codes: Floats, factors: Classes) -> float:
    z, y = rows(codes, factors)
    right = np.empty((z.shape[1], y.shape[1]))
    for latent, column in enumerate(z.T):
        for factor, classes in enumerate(y.T):
            machine_ = LinearSVC(C=0.01, class_weight="balanced")
            machine_.fit(column[:TRAIN, None], classes[:TRAIN])
            right[latent, factor] = machine_.score(column[TRAIN:, None], classes[TRAIN:])
    right.sort(axis=0)
    return float((right[-1] - right[-2]).mean())


def plain_dci(codes: Floats, factors: Classes) -> float:
    """The informativeness; what is compared is the time."""
    z, y = rows(codes, factors)
    models = [GradientBoostingClassifier().fit(z[:TRAIN], f[:TRAIN]) for f in y.T]
    scores = [m.score(z[TRAIN:], f[TRAIN:]) for m, f in zip(models, y.T, strict=True)]
    return float(np.mean(scores))


def timed(work: Callable[[], float]) -> tuple[float, float]:
    start = time.perf_counter()
    value = work()
    return value, time.perf_counter() - start


def compare(name: str, ours: Callable[[], float], plain: Callable[[], float], rounds: int) -> None:
    values, seconds = [0.0, 0.0], [np.inf, np.inf]
    for _ in range(rounds):
        for way, work in enumerate((ours, plain)):
            values[way], taken = timed(work)
            seconds[way] = min(seconds[way], taken)
    ratio = seconds[1] / seconds[0]
    print(
        f"{name:<34} {seconds[0]:>7.2f} s {seconds[1]:>8.2f} s {ratio:>6.1f}x"
        f"   {values[0]:.3f} {values[1]:.3f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all-factors", action="store_true", help="compare on all, for minutes")
    arguments = parser.parse_args()
    print(machine(), f"{torch.get_num_threads()} torch threads")
    codes, factors = encoded()
    few = factors if arguments.all_factors else factors[:, :FEW_FACTORS]
    every: dict[str, Callable[[], float]] = {
        "FactorVAE metric": lambda: factor_vae_metric(codes, factors),
        "beta-VAE metric": lambda: beta_vae_metric(codes, factors),
        "MIG": lambda: mig(codes, factors),
        "modularity": lambda: modularity(codes, factors),
        "SAP, linear SVM": lambda: sap_svm(codes, factors),
        "SAP, R^2": lambda: sap_r2(codes, factors),
        "DCI": lambda: dci(codes, factors).informativeness,
        "UDR of 5 models, 10,000 images": lambda: float(
            udr([codes[i : i + TRAIN] for i in range(5)])[0]
        ),
    }
    print("at standard sizes; the first call compiles or loads what it needs")
    for name, work in every.items():
        first, then = timed(work)[1], timed(work)[1]
        print(f"{name:<34} {first:>7.2f} s {then:>8.2f} s", flush=True)
    print(f"{'':<34} {'ours':>9} {'plain':>10} {'ratio':>7}   values")
    for name, plain in {
        "FactorVAE metric": plain_factor_vae,
        "beta-VAE metric": plain_beta_vae,
        "MIG": plain_mig,
    }.items():
        compare(name, every[name], partial(plain, codes, factors), 3)
    chosen = "all factors" if arguments.all_factors else "shape, scale"
    compare(
        f"SAP, linear SVM, {chosen}",
        lambda: sap_svm(codes, few),
        lambda: plain_sap_svm(codes, few),
        1,
    )
    compare(
        f"DCI, {chosen}",
        lambda: dci(codes, few).informativeness,
        lambda: plain_dci(codes, few),
        1,
    )


if __name__ == "__main__":
    main()
