"""Optuna's samplers, pruners and distributions as the study file names them."""

import itertools
from collections.abc import Iterator
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.study import Study

from symray.record.trials import FrozenTrial
from symray.study_file import Choice, Range, StudyFile
from symray.study_file.options import SAMPLER_OPTIONS


def distributions(file: StudyFile) -> dict[str, BaseDistribution]:
    """The search space in Optuna's terms."""
    return {name: _distribution(entry) for name, entry in file.search.items()}


def _distribution(entry: Range | Choice) -> BaseDistribution:
    if isinstance(entry, Choice):
        return CategoricalDistribution(entry.choice)
    if entry.integer:
        return IntDistribution(
            int(entry.low), int(entry.high), log=entry.log, step=int(entry.step or 1)
        )
    return FloatDistribution(entry.low, entry.high, log=entry.log, step=entry.step)


def make_sampler(file: StudyFile, seed: int) -> BaseSampler:
    """A fresh sampler for one suggestion.

    A sampler's memory is Optuna's storage, so a new one per suggestion, seeded by the trial's
    number, suggests the same after a restart as it would have without one.
    """
    samplers = optuna.samplers
    match file.sampler.name:
        case "tpe":
            return _TPESampler(
                distributions(file),
                seed=seed,
                n_startup_trials=file.sampler.startup_trials
                or SAMPLER_OPTIONS["tpe"]["startup_trials"],
            )
        case "nsga2":
            size = file.sampler.population_size or SAMPLER_OPTIONS["nsga2"]["population_size"]
            return samplers.NSGAIISampler(seed=seed, population_size=size)
        case "gp":
            return samplers.GPSampler(seed=seed)
        case "cmaes":
            return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
        case _:  # random, and grid, whose points are enqueued
            return samplers.RandomSampler(seed=seed)


class _TPESampler(optuna.samplers.TPESampler):
    """Optuna's TPE over a space that is known.

    It would find the same one by comparing the distributions of all trials, anew in each fresh
    sampler, which costs as much as all its thinking.
    """

    def __init__(self, space: dict[str, BaseDistribution], **options: Any) -> None:
        super().__init__(**options)
        self._known = {k: space[k] for k in sorted(space) if not space[k].single()}

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The parameters that are suggested together: all, unless there are several objectives."""
        return {} if study._is_multi_objective() else self._known


def make_pruner(file: StudyFile) -> BasePruner:
    """The study's pruner, which starts after the warm-up."""
    pruner = file.pruner
    match pruner.name:
        case "median":
            return optuna.pruners.MedianPruner(n_warmup_steps=pruner.warmup_epochs)
        case "successive_halving":
            return optuna.pruners.SuccessiveHalvingPruner(
                min_resource=max(1, pruner.warmup_epochs),
                reduction_factor=pruner.reduction_factor,
            )
        case "hyperband":
            return optuna.pruners.HyperbandPruner(
                min_resource=max(1, pruner.warmup_epochs),
                max_resource=file.epochs,
                reduction_factor=pruner.reduction_factor,
            )
        case _:
            return optuna.pruners.NopPruner()


def grid(file: StudyFile) -> Iterator[dict[str, Any]]:
    """The points of a grid study in the order of the file, the last parameter fastest."""
    axes = [entry.values() for entry in file.search.values()]
    for point in itertools.product(*axes):
        yield dict(zip(file.search, point, strict=True))
