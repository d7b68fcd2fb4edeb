"""Rules on what a study optimises and what it demands."""

from symray.errors import nearest
from symray.metrics.catalogue import METRICS
from symray.study.file.problem import KeyPath, StudyFileError
from symray.study.file.study_file import StudyFile
from symray.training.evaluation import metric_names


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


def invariance_stands_under_constraints(file: StudyFile) -> None:
    """An untrained or collapsed encoder is invariant; only a model that reconstructs counts."""
    invariances = [name for name in file.objectives if METRICS[name].invariance]
    bounded = {constraint.metric for constraint in file.constraints if constraint.op == "<="}
    needed = ["x_mae", "y_mae"] if file.model_class().predicts_y else ["x_mae"]
    missing = [name for name in needed if name not in bounded]
    if invariances and missing:
        bounds = " and ".join(f"'{name} <= NUMBER'" for name in missing)
        raise StudyFileError(
            ("constraints",),
            f"the objective {invariances[0]} is best for an encoder that knows nothing, so "
            f"constraints on reconstruction must stand beside it; add {bounds}",
        )


def known_metric(file: StudyFile, path: KeyPath, name: str) -> None:
    """``name`` is a metric of the model, and no loss."""
    own = metric_names(file.model_class())
    if name in own:
        return
    if name in METRICS:
        raise StudyFileError(
            path, f"{file.model} does not predict Y, so it has no {name}; leave it out"
        )
    if name.startswith("train/") or name == "kl" or "loss" in name or name.endswith("_rec"):
        raise StudyFileError(
            path,
            f"{name} is a term of the training loss, which changes its meaning as lambda grows; "
            "use a metric such as x_mae",
        )
    raise StudyFileError(path, f"there is no metric '{name}'{nearest(name, own)}")
