"""Failed trainings by what they failed of."""

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.separating import separating_words
from symray.insight.health.training import Training
from symray.insight.phrases import plural, these_trials
from symray.record.trials import TrialState

SEVERE_SHARE = 0.5
"""Share of the ended trials that makes one reason severe."""

SEVERE_COUNT = 3
"""So many of them at least."""

_VARIABLE = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{16,}\b|[-+]?\d+(\.\d+)?(e[-+]?\d+)?", re.IGNORECASE)

_ADVICE = (
    (
        r"^diverged",
        "lower the learning rate or the bound of what they share, cap lambda with `lambda_max`, or "
        "set `gradient_clip`",
    ),
    (
        r"out of (GPU )?memory|OutOfMemory|low on memory|MemoryError",
        "give a trial a bigger share with `resources`, or a smaller `batch_size`",
    ),
    (r"No space left|Disk quota", "make room on that disk, then retry them"),
    (r"^lost its worker", "see why below the lost workers, then retry them"),
    (r"^an objective is not finite", "see which metric has no value, and constrain or drop it"),
)


def failures(facts: Facts) -> Iterator[Finding]:
    """One finding per reason, numbers apart; what a retry has mended is left out."""
    mended = {
        trial.user_attrs["retry_of"]
        for trial in facts.trials
        if trial.state == TrialState.COMPLETE and "retry_of" in trial.user_attrs
    }
    groups: dict[str, list[Training]] = defaultdict(list)
    for training in facts.trainings:
        if training.reason is not None and not (training.is_trial and training.number in mended):
            groups[likeness(training.reason)].append(training)
    for group in groups.values():
        yield _finding(facts, group)


def likeness(reason: str) -> str:
    """What reasons have in common that are alike: no numbers, of divergence not the term."""
    if reason.startswith("diverged"):
        return "diverged"
    return _VARIABLE.sub("N", reason)


def _finding(facts: Facts, group: list[Training]) -> Finding:
    numbers = tuple(training.number for training in group if training.is_trial)
    done = [t.params for t in facts.ended if t.state == TrialState.COMPLETE]
    params = [facts.trials[number].params for number in numbers]
    example = group[-1]
    reason = str(example.reason)
    if numbers:
        share = len(numbers) / len(facts.ended)
        severe = share >= SEVERE_SHARE and len(numbers) >= SEVERE_COUNT
        alike = " alike" if len(numbers) > 1 else ""
        who = f"{len(numbers)} of {plural(len(facts.ended), 'ended trial')} failed{alike}"
        who += f" ({these_trials(numbers)}{separating_words(params, done)})"
    else:
        share, severe = 0.0, False
        who = f"{plural(len(group), 'training')} of the confirmation or before it failed"
    raised = re.match(r"[A-Za-z_.]*(Error|Exception)\b", reason) is not None
    advice = next(
        (advice for pattern, advice in _ADVICE if re.search(pattern, reason)),
        "the traceback is in its log; put that right in the model's code, then "
        f"`symray retry {facts.name} --failed`"
        if raised
        else f"put that right, then `symray retry {facts.name} --failed`",
    )
    word = "logs" if raised else "explain"
    return Finding(
        kind="failures",
        severity="severe" if severe else "warning",
        sentence=f"{who}: {textwrap.shorten(reason, 200, placeholder=' ...')}: {advice}",
        evidence={
            "count": len(group),
            "share_of_ended": share,
            "reasons": sorted({str(training.reason) for training in group})[:5],
            "hosts": sorted({str(training.host) for training in group if training.host}),
        },
        command=f"symray {word} {facts.name} {example.number}",
        trials=numbers,
    )
