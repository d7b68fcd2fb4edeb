"""Searched parameters whose best values lie at the edge of what may be searched."""

import math
from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.search.leaderboard import Candidate
from symray.study_file import Range
from symray.training.settings import settings_of

EDGE = 0.05
"""The outermost part of a range, on its own scale."""

CHANCE = 0.01
"""How rarely the best of random trials would all lie there."""

FEWEST = 3
"""Trials that must all lie there."""


def at_bounds(facts: Facts) -> Iterator[Finding]:
    """One finding per parameter and bound; none where the setting itself ends at the bound."""
    known = settings_of(facts.file.design())
    for name, entry in facts.file.search.items():
        if not isinstance(entry, Range):
            continue
        setting = known[name]
        count = _how_many(entry)
        best = facts.feasible[:count]
        if len(facts.feasible) < 2 * count:
            continue
        places = [place(entry, float(candidate.params[name])) for candidate in best]
        width = max(EDGE, 1 / len(entry.values()) / 2) if entry.values() else EDGE
        if entry.low > setting.low and max(places) <= width:
            yield _finding(facts, name, entry, best, "lower")
        if entry.high < setting.high and min(places) >= 1 - width:
            yield _finding(facts, name, entry, best, "upper")


def place(entry: Range, value: float) -> float:
    """Where a value lies in its range, on its scale: 0 at the lower bound, 1 at the upper."""
    low, high = float(entry.low), float(entry.high)
    if entry.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)


def _how_many(entry: Range) -> int:
    """How many of the best must lie at the edge for it to be no accident."""
    share = max(EDGE, 1 / len(entry.values())) if entry.values() else EDGE
    return max(FEWEST, math.ceil(math.log(CHANCE) / math.log(share)))


def _finding(facts: Facts, name: str, entry: Range, best: list[Candidate], side: str) -> Finding:
    values = sorted(float(candidate.params[name]) for candidate in best)
    scale = " on a logarithmic scale" if entry.log else ""
    spread = (
        f"{values[0]:.4g}" if values[0] == values[-1] else f"{values[0]:.4g} to {values[-1]:.4g}"
    )
    key, wider = _wider(facts, name, entry, side)
    return Finding(
        kind="at a bound",
        severity="warning",
        sentence=(
            f"the {len(best)} best feasible trials have {name} at {spread}, the {side} end of its "
            f"range {entry}{scale}: better ones may lie beyond; search further, as to {wider:.4g}"
        ),
        evidence={
            "parameter": name,
            "bound": entry.low if side == "lower" else entry.high,
            "values": values,
            "feasible": len(facts.feasible),
        },
        command=f"symray launch {facts.record.folder / 'study.yaml'} "
        f"--set search.{name}.{key}={_as_yaml(wider)} --name {facts.name}-wider",
        trials=tuple(candidate.number for candidate in best),
    )


def _wider(facts: Facts, name: str, entry: Range, side: str) -> tuple[str, float]:
    """Half of the range more on that side, on its scale, as far as the setting may go."""
    setting = settings_of(facts.file.design())[name]
    low, high = float(entry.low), float(entry.high)
    if entry.log:
        factor = math.sqrt(high / low)
        wider = low / factor if side == "lower" else high * factor
    else:
        more = (high - low) / 2
        if entry.values():
            step = float(entry.step or 1)
            more = max(1, round(more / step)) * step
        wider = low - more if side == "lower" else high + more
    if entry.integer:
        wider = round(wider)
    if side == "lower":
        # where the setting's own end is excluded, half of what there is remains allowed
        return "low", max(wider, (setting.low + low) / 2 if setting.positive else setting.low)
    return "high", min(wider, setting.high)


def _as_yaml(value: float) -> str:
    """``value`` as YAML reads a number: 1e-05 would be a text."""
    if value == int(value):
        return str(int(value))
    text = f"{value:.4g}"
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
