"""Who is best: feasible trials before others, by Pareto front, then by the first objective."""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.trials import ENDED, FrozenTrial, TrialState
from symray.study_file import StudyFile


@dataclass(frozen=True)
class Candidate:
    """Something that was trained to its end and can be chosen: a trial, or its confirmation.

    Attributes:
        number: the trial's.
        params: what was searched.
        metrics: on the validation split.
        objectives: their values in the file's order.
        violations: by constraint, at most 0 where it is kept.
    """

    number: int
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    objectives: tuple[float, ...]
    violations: Mapping[str, float]

    @property
    def feasible(self) -> bool:
        """Whether all constraints are kept and there is something to compare."""
        return self.violation == 0 and all(map(math.isfinite, self.objectives))

    @property
    def violation(self) -> float:
        """Sum of what the constraints are missed by."""
        return sum(max(0.0, value) for value in self.violations.values())


def candidate(
    file: StudyFile, number: int, params: Mapping[str, Any], metrics: Mapping[str, float]
) -> Candidate:
    """The candidate with these metrics; a missing or non-finite objective is the worst value."""
    objectives = []
    for name, direction in file.objectives.items():
        value = metrics.get(name, math.nan)
        worst = math.inf if direction == "minimize" else -math.inf
        objectives.append(value if math.isfinite(value) else worst)
    return Candidate(
        number=number,
        params=params,
        metrics=metrics,
        objectives=tuple(objectives),
        violations={str(c): c.violation(metrics.get(c.metric)) for c in file.constraints},
    )


def metrics_of(trial: FrozenTrial) -> dict[str, float]:
    """The metrics that the record keeps of a trial."""
    metrics: dict[str, float] = trial.user_attrs.get("metrics", {})
    return metrics


def candidate_of(file: StudyFile, trial: FrozenTrial) -> Candidate:
    """A completed trial as a candidate."""
    return candidate(file, trial.number, trial.params, metrics_of(trial))


def rank(file: StudyFile, candidates: Iterable[Candidate]) -> list[Candidate]:
    """``candidates``, the best first."""
    pool = list(candidates)
    costs = [_costs(file, c) for c in pool]
    feasible = [i for i, c in enumerate(pool) if c.feasible]
    fronts = dict(zip(feasible, _fronts([costs[i] for i in feasible]), strict=True))
    order = sorted(
        range(len(pool)),
        key=lambda i: (i not in fronts, pool[i].violation, fronts.get(i, 0), costs[i]),
    )
    return [pool[i] for i in order]


def sort_text(file: StudyFile, row: Candidate, place: int = 0) -> str:
    """A text of ``row`` by which tables that sort text have the order of :func:`rank`.

    It depends on no other trial, so it can be written once, when the trial ends. What several
    objectives make of a trial does: between the feasible ones ``place`` tells, once it is known.
    """
    costs = "-".join(_ordered(cost) for cost in _costs(file, row))
    return f"{int(not row.feasible)}-{_ordered(row.violation)}-{place:04d}-{costs}-{row.number:06d}"


def leaderboard(record: StudyRecord) -> list[Candidate]:
    """The completed trials of a study, the best first."""
    return rank(
        record.file,
        (candidate_of(record.file, trial) for trial in record.trials(TrialState.COMPLETE)),
    )


def pareto_front(file: StudyFile, ranked: Sequence[Candidate]) -> list[Candidate]:
    """The feasible ones of ``ranked`` than which none is better in all objectives.

    With one objective, those that have its best value.
    """
    feasible = [row for row in ranked if row.feasible]
    if len(file.objectives) == 1:
        return [row for row in feasible if row.objectives == feasible[0].objectives]
    fronts = _fronts([_costs(file, row) for row in feasible])
    return [row for row, front in zip(feasible, fronts, strict=True) if front == 0]


def nothing_feasible(record: StudyRecord, ranked: Sequence[Candidate]) -> str | None:
    """The sentence for a study none of whose trials keeps the constraints; None otherwise."""
    ended = len(record.trials(*ENDED))
    if not ranked:
        return f"none of {ended} trials was trained to its end, so there is nothing to choose from"
    nearest = ranked[0]
    if nearest.feasible:
        return None
    misses = ", ".join(
        f"{name.split()[0]} by {value:.3g}"
        for name, value in nearest.violations.items()
        if value > 0
    )
    return f"0 of {ended} trials are feasible; the nearest, #{nearest.number}, misses {misses}"


def supervision(file: StudyFile) -> str | None:
    """The sentence for a study that is chosen by metrics which need the factors; else None."""
    named = [*file.objectives, *(constraint.metric for constraint in file.constraints)]
    needing = [n for n in dict.fromkeys(named) if n in METRICS and METRICS[n].y == "factors"]
    if not needing:
        return None
    need = "needs" if len(needing) == 1 else "need"
    return (
        f"{', '.join(needing)} {need} the factors that made the images: a choice by supervision, "
        "with which label-free ones can't be compared"
    )


def _costs(file: StudyFile, row: Candidate) -> list[float]:
    """Its objectives, each the better the smaller."""
    pairs = zip(file.objectives.values(), row.objectives, strict=True)
    return [value if direction == "minimize" else -value for direction, value in pairs]


def _ordered(value: float) -> str:
    """A number as 16 digits that sort as numbers do (IEEE 754, the sign turned round)."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))  # no -0
    return f"{bits ^ (2**64 - 1 if bits >> 63 else 2**63):016x}"


def _fronts(costs: Sequence[Sequence[float]]) -> list[int]:
    """Index of the Pareto front of each point, 0 for the undominated; all 0 for one objective."""
    fronts = [0] * len(costs)
    left = set(range(len(costs))) if costs and len(costs[0]) > 1 else set()
    front = 0
    while left:
        undominated = {i for i in left if not any(_dominates(costs[j], costs[i]) for j in left)}
        for i in undominated:
            fronts[i] = front
        left -= undominated
        front += 1
    return fronts


def _dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(
        x < y for x, y in zip(a, b, strict=True)
    )
