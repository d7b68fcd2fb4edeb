"""Rules on what a study optimises and what it demands."""

from symray.errors import nearest
from symray.metrics.catalogue import METRICS
from symray.study_file.problem import KeyPath, StudyFileError
from symray.study_file.study_file import StudyFile
from symray.training.evaluation import lacks, metric_names, rebuilding


def objectives_are_metrics(file: StudyFile) -> None:
    """Losses change their meaning from epoch to epoch, as lambda grows; metrics don't."""
    for name in file.objectives:
        known_metric(file, ("objectives", name), name)


def directions_are_the_metrics_own(file: StudyFile) -> None:
    """A metric has one better end."""
    for name, direction in file.objectives.items():
        if direction != (own := METRICS[name].direction):
            raise StudyFileError(("objectives", name), f"'{direction}' makes it worse; write {own}")


def constraints_are_metrics(file: StudyFile) -> None:
    """Each bound is on a metric of the model, and no metric has two of a kind."""
    for i, constraint in enumerate(file.constraints):
        known_metric(file, ("constraints", i), constraint.metric)
        if any(
            (c.metric, c.op) == (constraint.metric, constraint.op) for c in file.constraints[:i]
        ):
            raise StudyFileError(
                ("constraints", i),
                f"there is already a bound {constraint.metric} {constraint.op} ...; keep one",
            )


def confirmation_evaluates_metrics(file: StudyFile) -> None:
    """What a confirmation evaluates beside the usual is a metric, too."""
    for i, name in enumerate(file.confirmation.metrics):
        known_metric(file, ("confirmation", "metrics", i), name)


def invariance_stands_under_constraints(file: StudyFile) -> None:
    """An untrained or collapsed encoder is invariant; only a model that reconstructs counts."""
    invariances = [name for name in file.objectives if METRICS[name].invariance]
    bounded = {(constraint.metric, constraint.op) for constraint in file.constraints}
    missing = [
        names[0]
        for side in ("x", "y")
        if (names := rebuilding(file.design(), side))
        and not any((name, _good_side(name)) in bounded for name in names)
    ]
    if invariances and missing:
        bounds = " and ".join(f"'{name} {_good_side(name)} NUMBER'" for name in missing)
        raise StudyFileError(
            ("constraints",),
            f"the objective {invariances[0]} is best for an encoder that knows nothing, so "
            f"constraints on reconstruction must stand beside it; add {bounds}",
        )


def _good_side(name: str) -> str:
    return "<=" if METRICS[name].direction == "minimize" else ">="


def known_metric(file: StudyFile, path: KeyPath, name: str) -> None:
    """``name`` is a metric of the model, and no loss."""
    design = file.design()
    own = metric_names(design)
    if name in own:
        return
    if name in METRICS and (why := lacks(design, METRICS[name])) is not None:
        raise StudyFileError(path, f"{file.model} {why}, so it has no {name}; leave it out")
    if name.startswith("train/") or name == "kl" or "loss" in name or name.endswith("_rec"):
        raise StudyFileError(
            path,
            f"{name} is a term of the training loss, which changes its meaning as lambda grows; "
            f"use a metric such as {rebuilding(design, 'x')[0]}",
        )
    raise StudyFileError(path, f"there is no metric '{name}'{nearest(name, own)}")
