"""A pruner that stops nearly everything, or nothing."""

from collections import Counter
from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.record.trials import TrialState

MOST = 0.9
"""A larger share of pruned trials leaves little to choose from."""

FEWEST = 20
"""Ended trials below which nothing is said of it."""

NEVER = 30
"""Ended trials after which a pruner should have stopped one."""


def pruned_share(facts: Facts) -> Iterator[Finding]:
    """Nothing for a study without a pruner."""
    pruner = facts.file.pruner
    if pruner.name == "none" or len(facts.ended) < FEWEST:
        return
    pruned = [
        trial
        for trial in facts.ended
        if trial.state == TrialState.PRUNED
        and str(trial.user_attrs.get("reason", "")).startswith("pruned")
    ]
    share = len(pruned) / len(facts.ended)
    evidence = {"pruned": len(pruned), "ended": len(facts.ended), "metric": pruner.metric}
    if share > MOST:
        epoch, count = Counter(t.user_attrs.get("epochs", 0) for t in pruned).most_common(1)[0]
        yield Finding(
            kind="pruned",
            severity="warning",
            sentence=(
                f"{len(pruned)} of {len(facts.ended)} ended trials were pruned by {pruner.metric}, "
                f"{count} of them in epoch {epoch}: few remain to choose from, and what begins "
                f"slowly never shows; raise pruner.warmup_epochs (now {pruner.warmup_epochs})"
            ),
            evidence=evidence,
            command=f"symray explain {facts.name} {pruned[-1].number}",
            trials=tuple(trial.number for trial in pruned),
        )
    if not pruned and len(facts.ended) >= NEVER:
        reported = max((len(trial.intermediate_values) for trial in facts.ended), default=0)
        why = (
            f"it is told {pruner.metric} {reported} times a trial; lower evaluate_every or "
            "pruner.warmup_epochs"
            if reported <= 1
            else "lower pruner.warmup_epochs, or go without it"
        )
        yield Finding(
            kind="pruned",
            severity="note",
            sentence=f"the {pruner.name} pruner has stopped none of {len(facts.ended)} trials: "
            f"{why}",
            evidence=evidence | {"reports_of_a_trial": reported},
            command=f"symray explain {facts.name} {facts.ended[-1].number}",
        )
