"""The first trials of a study file, without a study: what ``try`` and ``--dry-run`` show."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna

from symray.search.samplers import distributions, grid, make_sampler
from symray.study_file import Choice, Range, StudyFile
from symray.tasks.task import Task, derive_seed
from symray.training.settings import Settings
from symray.training.spec import TrialSpec

SHOWN = 5
"""Trials that a plan shows."""


def first_params(file: StudyFile) -> Settings:
    """The parameters of trial 0: the reference's, else usual values, else the space's middle.

    Where the study has a reference, trial 0 will have exactly these.
    """
    return file.reference_params() or {name: _usual(file, name) for name in file.search}


def first_spec(file: StudyFile) -> TrialSpec:
    """What trial 0 trains."""
    return TrialSpec(
        model=file.model,
        data=file.data_spec(),
        settings=file.settings(first_params(file)),
        seed=derive_seed(file.seed, "trial", 0),
        code=None if file.code is None else str(file.code),
    )


def first_task(file: StudyFile, folder: Path) -> Task:
    """Trial 0 as a task that is recorded in ``folder``."""
    return Task(
        study=file.study,
        name="trial-0000",
        kind="trial",
        number=0,
        folder=str(folder),
        spec=first_spec(file).to_json(),
        metrics=tuple(sorted(file.metric_names())),
        threads=file.threads,
        sample_after=file.sample_after,
    )


def first_trials(file: StudyFile) -> list[dict[str, Any]]:
    """Parameters of the first trials, asked of an Optuna study that is kept in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=list(file.objectives.values()))
    for params in itertools.islice(_enqueued(file), SHOWN):
        study.enqueue_trial(params)
    space, asked = distributions(file), []
    for index in range(min(SHOWN, file.trials)):
        study.sampler = make_sampler(file, derive_seed(file.seed, "sampler", index))
        asked.append(dict(study.ask(space).params))
    return asked


def _enqueued(file: StudyFile) -> Iterator[dict[str, Any]]:
    reference = file.reference_params()
    if reference:
        yield reference
    if file.sampler.name == "grid":
        yield from grid(file)


def _usual(file: StudyFile, name: str) -> float | int:
    entry, usual = file.search[name], file.usual(name)
    return usual if usual is not None and usual in entry else _middle(entry)


def _middle(entry: Range | Choice) -> float | int:
    values = entry.values()
    if values:
        return values[len(values) // 2]
    assert isinstance(entry, Range)
    product = entry.low * entry.high
    return float(product**0.5 if entry.log else (entry.low + entry.high) / 2)
