"""Which sampler and pruner find good trials in a small budget: on recorded trials, in seconds.

    python benchmarks/replay.py [--searches 40] [--only NAME ...] [--try OVERRIDE ...]
    python benchmarks/replay.py --collect STUDY ...

`curves/artificial_stib.json` holds every epoch of some hundred trials of STIB on the artificial
data, which were really trained: five searches each by TPE, at random, by the reference again and
again, and at random under successive halving (`studies/results/search_*.yaml`). Their results are
the first table. The last one searches again: symray's own search asks the sampler and the pruner,
and the nearest recorded trial answers. A search ends when it has used as many epochs as twenty
whole trials.

    --try sampler=gp    measures a study file's own words, "sampler={name: tpe, startup_trials: 5}"
    --collect           reads finished studies, called search-ARM-SEED, into that file instead

The best of a search is the lowest objective of a trial that keeps the constraints; before there is
one it counts as the worst such objective of all that were recorded.
"""

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr, ttest_rel

from measuring.command import Options, Parser, run
from measuring.curves import Curves, collect
from measuring.machine import ROOT
from measuring.results import Results
from measuring.table import Column
from symray.record.storage.file_lease import FileLease
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.search.search import Search
from symray.study_file import StudyFile, load_study_file
from symray.tasks.task import Outcome, Report

CURVES = ROOT / "benchmarks" / "curves" / "artificial_stib.json"
STUDY = ROOT / "studies" / "results" / "search.yaml"
BUDGET = 20
"""Whole trials' worth of epochs."""
AFTER = (5, 10, 20)
RECORDED = {
    "tpe": "TPE under the constraints",
    "random": "random",
    "preset": "the reference again and again",
    "halving": "random, successive halving",
}
HALVING = "pruner={name: successive_halving, warmup_epochs: %d, reduction_factor: 3}"
WAYS: dict[str, tuple[str, ...]] = {
    "random": ("sampler=random",),
    "TPE, 10 random first": ("sampler={name: tpe, startup_trials: 10}",),
    "TPE, 5 random first": ("sampler={name: tpe, startup_trials: 5}",),
    "Gaussian process": ("sampler=gp",),
    "CMA-ES": ("sampler=cmaes",),
    "NSGA-II of 5": ("sampler={name: nsga2, population_size: 5}",),
    "random, halving from epoch 1": ("sampler=random", HALVING % 1),
    "random, halving from epoch 3": ("sampler=random", HALVING % 3),
    "random, median from epoch 3": ("sampler=random", "pruner={name: median, warmup_epochs: 3}"),
    "TPE, halving from epoch 3": ("sampler={name: tpe, startup_trials: 5}", HALVING % 3),
}
"""Of a study file, to be searched with again."""

Course = list[tuple[float, float]]
"""Of a search: whole trials' worth of epochs that were spent, and the best by then."""
BySeed = Mapping[int, Course]
"""Searches of one kind."""


class Judge:
    """What counts in a space.

    Args:
        curves: its recorded trials.
    """

    def __init__(self, curves: Curves) -> None:
        (self.objective,) = curves.file.objectives
        self._constraints = curves.file.constraints
        whole = [trial.epochs[-1] for trial in curves.trials if _whole(trial.epochs, curves.file)]
        self.worst = max(end[self.objective] for end in whole if self.keeps(end))

    def keeps(self, values: Mapping[str, float]) -> bool:
        """Whether metrics keep the constraints."""
        return all(c.violation(values.get(c.metric)) <= 0 for c in self._constraints)

    def course(self, trials: Sequence[Sequence[Mapping[str, float]]], file: StudyFile) -> Course:
        """How the best one went on from trial to trial; only whole ones count."""
        spent, best, course = 0, self.worst, []
        for epochs in trials:
            spent += len(epochs)
            if _whole(epochs, file) and self.keeps(epochs[-1]):
                best = min(best, epochs[-1][self.objective])
            course.append((spent / file.epochs, best))
        return course


def _whole(epochs: Sequence[object], file: StudyFile) -> bool:
    return len(epochs) == file.epochs


def after(course: Course, trials: float) -> float:
    """The best that a search had once it had spent so much."""
    return [best for spent, best in course if spent <= trials][-1]


def search_again(file: StudyFile, curves: Curves, judge: Judge) -> Course:
    """One search of a study file in a record of its own, answered by what is recorded."""
    trials = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["SYMRAY_HOME"] = home
        folder = Path(home) / file.study
        folder.mkdir()
        with FileLease(folder) as lease:
            record = StudyRecord.create(file, lease)
            search = Search(record, {}, Progress(), lambda name: None, lambda: False)
            spent = 0
            while spent < BUDGET * file.epochs:
                trials.append(_trial(search, record, curves))
                spent += len(trials[-1])
    return judge.course(trials, file)


def _trial(search: Search, record: StudyRecord, curves: Curves) -> list[dict[str, float]]:
    while (task := search.next()) is None:
        time.sleep(0.01)  # a sampler that thinks in a thread of its own
    epochs = curves.nearest(record.trial(task.number).params)
    for epoch, values in enumerate(epochs, start=1):
        outcome: Outcome = "complete" if epoch == len(epochs) else "running"
        report = Report(epoch, len(epochs), values, outcome)
        if outcome == "complete" or search.report(task, report):
            search.finish(task, report, None)
            break
    return epochs[:epoch]


def compare(results: Results, name: str, title: str, courses: Mapping[str, BySeed]) -> None:
    """A table of ways to search, each against random search by the seeds that they share."""
    table = results.table(
        name,
        title,
        Column("search"),
        *(Column(f"after {trials}", "", ".3f") for trials in AFTER),
        Column("sd", "", ".3f"),
        Column("random - it", "", "+.3f"),
        Column("p", "", ".2g"),
        Column("n"),
    )
    ends = {
        way: {seed: after(course, BUDGET) for seed, course in found.items()}
        for way, found in courses.items()
    }
    for way, found in courses.items():
        means = [
            statistics.mean(after(course, trials) for course in found.values()) for trials in AFTER
        ]
        gain = p = None
        if way != "random":
            shared = sorted(ends["random"].keys() & found)
            theirs, its = ([ends[w][seed] for seed in shared] for w in ("random", way))
            gain = statistics.mean(theirs) - statistics.mean(its)
            p = float(ttest_rel(theirs, its).pvalue) if theirs != its else 1.0
        spread = statistics.stdev(ends[way].values())
        table.add(RECORDED.get(way, way), *means, spread, gain, p, len(found))


def rungs(results: Results, curves: Curves) -> None:
    """From which epoch on the order of trials is that of their ends."""
    file = curves.file
    names = [*file.objectives, *(c.metric for c in file.constraints)]
    table = results.table(
        "rungs",
        "Rank correlation (Spearman) of a metric after an epoch with that at the end, over the "
        "random trials",
        Column("epoch"),
        *(Column(name, "", ".2f") for name in names),
    )
    trials = [t.epochs for found in curves.of_arm("random").values() for t in found]
    for epoch in range(file.epochs - 1):
        ranks = [
            spearmanr([t[epoch][name] for t in trials], [t[-1][name] for t in trials]).statistic
            for name in names
        ]
        table.add(str(epoch + 1), *ranks)


def ways(options: Options) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is searched with; random always, for the others are compared with it."""
    own = {given: (given,) for given in options.tried or ()}
    chosen = {"random": WAYS["random"]} | own if own else WAYS
    only = options.only or (list(WAYS)[:2] if options.quick and not own else None)
    for name, overrides in chosen.items():
        if only is None or name in {"random", *only}:
            yield name, overrides


def measure(results: Results, options: Options) -> None:
    if options.collect:
        collect(options.collect, STUDY).write(options.curves)
        return
    curves = Curves.read(options.curves)
    judge = Judge(curves)
    real = {
        arm: {
            seed: judge.course([t.epochs for t in trials], curves.file)
            for seed, trials in found.items()
        }
        for arm in RECORDED
        if (found := curves.of_arm(arm))
    }
    title = f"Best {judge.objective} in bits of searches that were really trained"
    compare(results, "searches", f"{title}; p of a paired t-test", real)
    rungs(results, curves)
    searches = range(2 if options.quick else options.searches)
    again = {
        name: {
            seed: search_again(_file(curves, overrides, seed), curves, judge) for seed in searches
        }
        for name, overrides in ways(options)
    }
    title = f"Best {judge.objective} in bits of searches on recorded trials"
    compare(results, "replays", f"{title}; p of a paired t-test", again)
    if options.svg:
        draw(real, again, judge.objective, options.svg)


def _file(curves: Curves, overrides: Sequence[str], seed: int) -> StudyFile:
    own = {"study": "replay", "seed": seed, "trials": BUDGET * curves.file.epochs}
    (file,) = load_study_file(curves.study | own, list(overrides))
    return file


def draw(
    real: Mapping[str, BySeed],
    again: Mapping[str, BySeed],
    objective: str,
    path: Path,
) -> None:
    """The mean over searches against what was spent, with its standard error."""
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "symray"
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    spent = range(1, BUDGET + 1)
    for axis, courses, title in zip(
        axes, (real, again), ("really trained", "on recorded trials"), strict=True
    ):
        marks = itertools.cycle("osv^Dx*P")
        for (name, found), mark in zip(courses.items(), marks, strict=False):
            bests = np.array([[after(course, n) for n in spent] for course in found.values()])
            error = bests.std(axis=0, ddof=1) / len(bests) ** 0.5
            (line,) = axis.plot(
                spent, bests.mean(axis=0), marker=mark, ms=4, label=RECORDED.get(name, name)
            )
            low, high = bests.mean(axis=0) - error, bests.mean(axis=0) + error
            axis.fill_between(spent, low, high, color=line.get_color(), alpha=0.12, lw=0)
        axis.set(title=title)
        axis.set(xlabel="whole trials' worth of epochs", xticks=range(0, BUDGET + 1, 5))
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(f"best {objective} / bits")
    figure.savefig(path, metadata={"Date": None})


def add_options(parser: Parser) -> None:
    parser.add_argument("--searches", type=int, default=40, help="of each way")
    parser.add_argument("--only", nargs="+", choices=list(WAYS), metavar="NAME")
    parser.add_argument("--try", nargs="+", dest="tried", metavar="OVERRIDE")
    parser.add_argument("--curves", type=Path, default=CURVES, metavar="FILE")
    parser.add_argument("--collect", nargs="+", metavar="STUDY")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the curves")


if __name__ == "__main__":
    run(measure, add_options)
