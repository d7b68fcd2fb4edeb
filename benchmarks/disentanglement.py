"""How long the disentanglement metrics take at their standard sizes, given encoded means.

    python benchmarks/disentanglement.py [--all-factors]

The codes are ten latents of the full grid of dSprites, 737,280 of them: five hold a factor each,
through noise, and five hold noise alone. Each metric is also written plainly: a loop over
scikit-learn's estimators and NumPy's draws, one at a time, as a reader of the papers would write
it. Plain and ours take turns; the shortest of their times count. Boosted trees are compared on
shape and scale, whose nine classes are a twelfth of all, unless --all-factors is given; so are
scikit-learn's support vector machines, for all latents.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC

from measuring.command import Options, Parser, run
from measuring.results import Results
from measuring.table import Column, Table
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

T = TypeVar("T")
Floats = NDArray[np.floating]
Classes = NDArray[np.int64]

BATCH = 64
FEW_FACTORS = 2  # shape and scale


@dataclass(frozen=True)
class Points:
    """How many a metric learns from and is tested on; their standard sizes."""

    train: int = 10_000
    test: int = 5_000

    @property
    def all(self) -> int:
        """Both."""
        return self.train + self.test


QUICK = Points(300, 150)


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


def plain_factor_vae(codes: Floats, factors: Classes, points: Points) -> float:
    generator = np.random.default_rng(0)
    variance = codes[generator.integers(len(codes), size=points.train)].var(axis=0, ddof=1)
    votes = np.zeros((2, codes.shape[1], 5))
    for vote in range(points.all):
        factor, batch, _ = fixed(generator)
        batch[:, factor] = batch[0, factor]
        local = codes[DSPRITES.index(batch)].var(axis=0, ddof=1)
        votes[int(vote >= points.train), np.argmin(local / variance), factor] += 1
    chosen = votes[0].argmax(axis=1)
    return float(votes[1, np.arange(codes.shape[1]), chosen].sum() / points.test)


def plain_beta_vae(codes: Floats, factors: Classes, points: Points) -> float:
    generator = np.random.default_rng(0)
    pairs, labels = np.empty((points.all, codes.shape[1])), np.empty(points.all, int)
    for point in range(points.all):
        labels[point], first, second = fixed(generator)
        second[:, labels[point]] = first[:, labels[point]]
        pair = codes[DSPRITES.index(first)] - codes[DSPRITES.index(second)]
        pairs[point] = np.abs(pair).mean(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression().fit(pairs[: points.train], labels[: points.train])
    return float(model.score(pairs[points.train :], labels[points.train :]))


def rows(codes: Floats, factors: Classes, points: Points) -> tuple[Floats, Classes]:
    drawn = np.random.default_rng(0).permutation(len(codes))[: points.all]
    return codes[drawn], factors[drawn]


def plain_mig(codes: Floats, factors: Classes, points: Points) -> float:
    z, y = rows(codes, factors, points)
    z, y = z[: points.train], y[: points.train]
    binned = [np.digitize(c, np.histogram(c, 20)[1][:-1]) for c in z.T]
    known = np.array([[mutual_info_score(f, b) for f in y.T] for b in binned])
    known.sort(axis=0)
    entropies = [mutual_info_score(f, f) for f in y.T]
    return float(((known[-1] - known[-2]) / entropies).mean())


def plain_sap_svm(codes: Floats, factors: Classes, points: Points) -> float:
    z, y = rows(codes, factors, points)
    train = points.train
    right = np.empty((z.shape[1], y.shape[1]))
    for latent, column in enumerate(z.T):
        for factor, classes in enumerate(y.T):
            model = LinearSVC(C=0.01, class_weight="balanced")
            model.fit(column[:train, None], classes[:train])
            right[latent, factor] = model.score(column[train:, None], classes[train:])
    right.sort(axis=0)
    return float((right[-1] - right[-2]).mean())


def plain_dci(codes: Floats, factors: Classes, points: Points) -> float:
    """The informativeness; what is compared is the time."""
    z, y = rows(codes, factors, points)
    train = points.train
    models = [GradientBoostingClassifier().fit(z[:train], f[:train]) for f in y.T]
    scores = [m.score(z[train:], f[train:]) for m, f in zip(models, y.T, strict=True)]
    return float(np.mean(scores))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    value = work()
    return value, time.perf_counter() - start


def compare(
    table: Table, name: str, ours: Callable[[], float], plain: Callable[[], float], rounds: int
) -> None:
    values, seconds = [0.0, 0.0], [np.inf, np.inf]
    for _ in range(rounds):
        for way, work in enumerate((ours, plain)):
            values[way], taken = timed(work)
            seconds[way] = min(seconds[way], taken)
    table.add(name, *seconds, seconds[1] / seconds[0], *values)


def standard(results: Results, codes: Floats, factors: Classes, points: Points) -> None:
    every: dict[str, Callable[[], object]] = {
        "FactorVAE metric": lambda: factor_vae_metric(codes, factors, **asdict(points)),
        "beta-VAE metric": lambda: beta_vae_metric(codes, factors, **asdict(points)),
        "MIG": lambda: mig(codes, factors, samples=points.train),
        "modularity": lambda: modularity(codes, factors, samples=points.train),
        "SAP, linear SVM": lambda: sap_svm(codes, factors, **asdict(points)),
        "SAP, R^2": lambda: sap_r2(codes, factors, samples=points.train),
        "DCI": lambda: dci(codes, factors, **asdict(points)),
        "UDR of 5 models, 10,000 images": lambda: udr(
            [codes[i : i + points.train] for i in range(5)]
        ),
    }
    table = results.table(
        "standard",
        f"Each metric with {torch.get_num_threads()} threads; a first call compiles or loads",
        *(Column("metric"), Column("first call", "s", ".2f"), Column("then", "s", ".2f")),
    )
    for name, work in every.items():
        table.add(name, timed(work)[1], timed(work)[1])


def measure(results: Results, options: Options) -> None:
    points, rounds = (QUICK, 1) if options.quick else (Points(), 3)
    codes, factors = encoded()
    few = factors if options.all_factors else factors[:, :FEW_FACTORS]
    chosen = "all factors" if options.all_factors else "shape, scale"
    standard(results, codes, factors, points)
    table = results.table(
        "plain",
        "Ours and the same metric written plainly, the shorter of their times, and their values",
        *(Column("metric"), Column("ours", "s", ".2f"), Column("plain", "s", ".2f")),
        Column("plain / ours", "x", ".1f"),
        *(Column("value of ours", form=".3f"), Column("value of plain", form=".3f")),
    )
    compare(
        table,
        "FactorVAE metric",
        lambda: factor_vae_metric(codes, factors, **asdict(points)),
        lambda: plain_factor_vae(codes, factors, points),
        rounds,
    )
    compare(
        table,
        "beta-VAE metric",
        lambda: beta_vae_metric(codes, factors, **asdict(points)),
        lambda: plain_beta_vae(codes, factors, points),
        rounds,
    )
    compare(
        table,
        "MIG",
        lambda: mig(codes, factors, samples=points.train),
        lambda: plain_mig(codes, factors, points),
        rounds,
    )
    compare(
        table,
        f"SAP, linear SVM, {chosen}",
        lambda: sap_svm(codes, few, **asdict(points)),
        lambda: plain_sap_svm(codes, few, points),
        1,
    )
    compare(
        table,
        f"DCI, {chosen}",
        lambda: dci(codes, few, **asdict(points)).informativeness,
        lambda: plain_dci(codes, few, points),
        1,
    )


def add_options(parser: Parser) -> None:
    parser.add_argument("--all-factors", action="store_true", help="compare on all, for minutes")


if __name__ == "__main__":
    run(measure, add_options)
