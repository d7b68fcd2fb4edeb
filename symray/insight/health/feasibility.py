"""How many trials keep the constraints, and which constraint rules most of them out."""

from collections.abc import Iterator
from statistics import median

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.phrases import plural
from symray.search.leaderboard import Candidate

SMALL_SHARE = 0.1
"""A smaller share of feasible trials leaves little to choose from."""

FEWEST = 10
"""Completed trials below which a share says little."""

FEWEST_OF_NONE = 5
"""The same for a running study without any feasible trial."""


def few_feasible(facts: Facts) -> Iterator[Finding]:
    """Nothing for a study without constraints."""
    board, feasible = facts.board, facts.feasible
    if not board or not facts.file.constraints:
        return
    none_yet = not feasible and (facts.state == "complete" or len(board) >= FEWEST_OF_NONE)
    few = len(board) >= FEWEST and len(feasible) < SMALL_SHARE * len(board)
    if not (none_yet or few):
        return
    ruled_out = {
        str(constraint): [c for c in board if c.violations[str(constraint)] > 0]
        for constraint in facts.file.constraints
    }
    hardest = max(facts.file.constraints, key=lambda c: len(ruled_out[str(c)]))
    out = ruled_out[str(hardest)]
    values = _values(board, hardest.metric)
    if not out:
        why = "an objective without a finite value rules them out: see which metric has none"
    elif not values:
        why = f"{hardest} rules out {len(out)}, because they have no such value: see their metrics"
    else:
        closest = min(values) if hardest.op == "<=" else max(values)
        why = (
            f"{hardest} rules out most, {len(out)}; the closest has {closest:.3g}, the median "
            f"{median(values):.3g}: loosen it, train longer, or search elsewhere"
        )
    yield Finding(
        kind="feasible",
        severity="severe" if not feasible else "warning",
        sentence=(
            f"{len(feasible)} of {plural(len(board), 'completed trial')} "
            f"{'keeps' if len(feasible) == 1 else 'keep'} the constraints"
            f"{'' if feasible else ', so there is nothing to choose'}: {why}"
        ),
        evidence={
            "feasible": len(feasible),
            "completed": len(board),
            "ruled_out": {name: len(found) for name, found in ruled_out.items()},
        },
        command=f"symray trials {facts.name} --sort {hardest.metric}",
        trials=tuple(sorted(candidate.number for candidate in out)),
    )


def _values(board: list[Candidate], metric: str) -> list[float]:
    found = [candidate.metrics.get(metric) for candidate in board]
    return [value for value in found if value is not None and value == value]
