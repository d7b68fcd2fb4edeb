"""Trials that were trained by different code."""

from collections import defaultdict
from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.phrases import these_trials


def several_codes(facts: Facts) -> Iterator[Finding]:
    """One finding for them all."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, training in facts.of_trials.items():
        if training.task and (code := training.task.tags.get("symray.code")):
            groups[code].append(number)
    if len(groups) < 2:
        return
    *older, newest = groups
    words = "; ".join(f"{these_trials(numbers)} by {code}" for code, numbers in groups.items())
    yield Finding(
        kind="two codes",
        severity="note",
        sentence=(
            f"the trials were trained by {len(groups)} versions of the code ({words}): they can't "
            "be compared strictly; repeat the best of the older ones by `symray rerun`, or launch "
            "the study anew"
        ),
        evidence={"codes": dict(groups)},
        command=f"symray trials {facts.name} --where \"code == '{newest}'\"",
        trials=tuple(sorted(n for code in older for n in groups[code])),
    )
