"""A study file built in code."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from symray.study_file import StudyFile, load_study_file
from symray.study_file.entries import Number

Section = Mapping[str, Any]


def study(
    study: str,
    *,
    model: str,
    data: str | Section,
    code: str | os.PathLike[str] | None = None,
    preset: Literal["paper", "equal"] | None = None,
    pretraining: bool | Section | None = None,
    training: Mapping[str, Number] | None = None,
    search: Mapping[str, Section] | None = None,
    objectives: Mapping[str, Literal["minimize", "maximize"]] | None = None,
    constraints: Sequence[str] | None = None,
    sampler: str | Section | None = None,
    pruner: str | Section | None = None,
    reference: bool | Mapping[str, Number] | None = None,
    trials: int | None = None,
    time_limit: float | str | None = None,
    concurrency: int | None = None,
    repeats: int | None = None,
    seed: int | None = None,
    resources: Section | None = None,
    confirmation: Section | None = None,
    checkpoints: Section | None = None,
    system_metrics: Literal["auto", "on", "off"] | None = None,
) -> StudyFile:
    """A study file, built in code and checked as one that is read; None leaves a key out.

    >>> import symray
    >>> file = symray.study(
    ...     "first",
    ...     model="stib",
    ...     data="artificial",
    ...     training={"epochs": 6, "batch_size": 256},
    ...     search={"beta": {"low": 10, "high": 1000, "log": True}},
    ...     constraints=["x_mae <= 0.8", "y_mae <= 1.2"],
    ...     trials=5,
    ... )
    >>> file.trials, list(file.objectives)
    (5, ['mi_z0_y_sampled'])
    >>> symray.study("first", model="stib", data="artificial", training={"epoch": 6})
    Traceback (most recent call last):
        ...
    symray.errors.UserError: study: training.epoch: stib has no such setting; did you mean 'epochs'?

    ``file.to_yaml()`` is the file, ``symray.launch(file)`` launches it.

    Args:
        study: name of the study, in the record, in MLflow and on the command line.
        model: a built-in model (stib, vae, non_syn, factor_vae, ...) or ``package.module:Class``.
        data: a named data set, or ``{"npz": FILE, "x": NAME, "y": NAME}`` and others.
        code: folder of the package that holds an own model.
        preset: the papers' settings, or the same lambda schedule and weights for all models.
        pretraining: what trials begin with; true for the papers' where there is one.
        training: settings that are the same in every trial.
        search: settings that are searched: ``{"low", "high", "log", "step"}`` or ``{"choice"}``.
        objectives: metrics to optimise.
        constraints: bounds that a trial must keep to be chosen, ``METRIC <= NUMBER``.
        sampler: what suggests the parameters of the next trial, a name or a section.
        pruner: what stops trials that fall behind, a name or a section.
        reference: trial 0: the papers' values of what is searched, your own, or False for none.
        trials: trials of the search.
        time_limit: no trial is started after it: seconds, or ``30m``, ``2h``, ``1d``.
        concurrency: trials at a time; as many as fit by default.
        repeats: seeds that each trial is trained with.
        seed: decides every random number of the study.
        resources: what one trial occupies: ``{"cpu": 1, "gpu": 0.25}``.
        confirmation: how the best trials are retrained: ``{"top": 3, "seeds": 5}``.
        checkpoints: which checkpoints stay and how often one is written.
        system_metrics: when CPU, memory and GPU of each trial's worker are recorded.

    Raises:
        UserError: anything wrong, as ``study: KEY: what is wrong and what to do``.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    (file,) = load_study_file(given)
    return file
