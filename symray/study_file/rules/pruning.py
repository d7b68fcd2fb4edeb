"""Rules on stopping trials early."""

from symray.metrics.catalogue import METRICS
from symray.study_file.entries import Range
from symray.study_file.problem import StudyFileError
from symray.study_file.rules.metrics import known_metric
from symray.study_file.study_file import StudyFile


def one_objective(file: StudyFile) -> None:
    """With several objectives there is no order in which a trial could fall behind."""
    if _prunes(file) and len(file.objectives) > 1:
        raise StudyFileError(
            ("pruner",), "can't prune for several objectives; name one objective or pruner: none"
        )


def one_seed_per_trial(file: StudyFile) -> None:
    """Seeds run one after another; a mean over them exists only when all have ended."""
    if _prunes(file) and file.repeats > 1:
        raise StudyFileError(
            ("pruner",),
            f"can't prune trials that are means over {file.repeats} seeds; write repeats: 1 or "
            "pruner: none",
        )


def metric_can_prune(file: StudyFile) -> None:
    """The pruning metric is the model's, in its own direction, and falls as training succeeds."""
    name = file.pruner.metric
    if not _prunes(file) or name is None:
        return
    path = ("pruner", "metric")
    known_metric(file, path, name)
    metric = METRICS[name]
    if metric.invariance:
        raise StudyFileError(
            path,
            f"{name} is best before training, so pruning on it keeps untrained trials; use x_mae",
        )
    if file.pruner.direction != metric.direction:
        raise StudyFileError(
            ("pruner", "direction"),
            f"'{file.pruner.direction}' makes {name} worse; write {metric.direction}",
        )


def something_is_left_to_prune(file: StudyFile) -> None:
    """The warm-up ends before the shortest trial does."""
    entry = file.search.get("epochs")
    epochs = file.epochs
    if entry is not None:
        epochs = int(entry.low if isinstance(entry, Range) else min(entry.choice))
    if _prunes(file) and file.pruner.warmup_epochs >= epochs:
        raise StudyFileError(
            ("pruner", "warmup_epochs"),
            f"a warm-up of {file.pruner.warmup_epochs} leaves nothing to prune of a trial of "
            f"{epochs} epochs; lower it or write pruner: none",
        )


def _prunes(file: StudyFile) -> bool:
    return file.pruner.name != "none"
