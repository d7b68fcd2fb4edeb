"""Defaults that depend on other keys, and numbers of the kind that their setting has."""

import math
from collections.abc import Mapping

from symray.data import pretraining_data
from symray.metrics.catalogue import METRICS
from symray.models.presets import pretraining_settings
from symray.study_file.entries import Choice, Number, Range
from symray.study_file.options import SAMPLER_OPTIONS, Pretraining, Pruner, Sampler
from symray.study_file.study_file import StudyFile
from symray.training.evaluation import rebuilding, usual_objective
from symray.training.settings import Setting, settings_of


def resolve(file: StudyFile) -> StudyFile:
    """``file`` with what it leaves open filled in; wrong names and numbers stay for the rules."""
    known = settings_of(file.design())
    given = file.model_fields_set
    objective = usual_objective(file.design())
    search = {name: _typed_entry(entry, known.get(name)) for name, entry in file.search.items()}
    changes = {
        "training": _typed(file.training, known),
        "search": search,
        "objectives": file.objectives or {objective: METRICS[objective].direction},
        "sampler": _sampler(file.sampler),
        "pretraining": _pretraining(file, known),
    }
    if isinstance(file.reference, dict):
        changes["reference"] = _typed(file.reference, known)
    if file.sampler.name == "grid":
        size = grid_size(search)
        if size > 0:
            changes["trials"] = min(file.trials, size) if "trials" in given else size
        if "reference" not in given:
            changes["reference"] = False
    file = file.model_copy(update=changes)
    return file.model_copy(update={"pruner": _pruner(file)})


def grid_size(search: Mapping[str, Range | Choice]) -> int:
    """Points of the grid over ``search``; 0 where a range has no step."""
    return math.prod(len(entry.values()) for entry in search.values())


def _typed(values: Mapping[str, Number], known: Mapping[str, Setting]) -> dict[str, Number]:
    return {name: _number(value, known.get(name)) for name, value in values.items()}


def _number(value: Number, setting: Setting | None) -> Number:
    if setting is None:
        return value
    if setting.integer:
        return int(value) if value == int(value) else value
    return float(value)


def _typed_entry(entry: Range | Choice, setting: Setting | None) -> Range | Choice:
    if isinstance(entry, Choice):
        return Choice(choice=tuple(_number(value, setting) for value in entry.choice))
    return Range(
        low=_number(entry.low, setting),
        high=_number(entry.high, setting),
        log=entry.log,
        step=None if entry.step is None else _number(entry.step, setting),
    )


def _sampler(sampler: Sampler) -> Sampler:
    defaults = SAMPLER_OPTIONS.get(sampler.name, {})
    return Sampler(name=sampler.name, **{**defaults, **sampler.options()})


def _pretraining(file: StudyFile, known: Mapping[str, Setting]) -> bool | Pretraining:
    belonging = pretraining_data(file.data_spec())
    given = file.pretraining
    if given is False or (given is True and None in (belonging, file.design().model.pretraining)):
        return False
    own = given if isinstance(given, Pretraining) else Pretraining()
    usual = pretraining_settings(file.data_spec())
    return Pretraining(
        data=own.data or belonging or "",
        training=_typed({**usual, **own.training}, known),
        seed=own.seed,
    )


def _pruner(file: StudyFile) -> Pruner:
    pruner = file.pruner
    if pruner.name == "none":
        return pruner
    objective = next(iter(file.objectives))
    known = METRICS.get(objective)
    usual = rebuilding(file.design(), "x")[0]
    metric = pruner.metric or (usual if known is None or known.invariance else objective)
    direction = pruner.direction or (METRICS[metric].direction if metric in METRICS else None)
    changes: dict[str, object] = {"metric": metric, "direction": direction}
    if "warmup_epochs" not in pruner.model_fields_set:
        changes["warmup_epochs"] = max(1, file.epochs // 10)
    return pruner.model_copy(update=changes)
