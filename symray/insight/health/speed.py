"""A node that takes longer than others for the same work."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.training import Training
from symray.insight.phrases import duration

RATIO = 1.5
"""A node is slow if its epochs take so many times as long as those of the others."""

FEWEST = 10
"""Epochs of a node, and of the others, below which nothing is said."""

Work = tuple[Any, ...]


def slow_nodes(facts: Facts) -> Iterator[Finding]:
    """One finding for each."""
    for host, (ratio, own, others) in _ratios(facts).items():
        if ratio <= RATIO:
            continue
        numbers = [t.number for t in facts.trainings if t.is_trial and t.host == host]
        yield Finding(
            kind="slow node",
            severity="warning",
            sentence=(
                f"{host} takes {ratio:.1f} times as long for an epoch as the other nodes at equal "
                f"settings ({duration(own)} against {duration(others)}): see what else runs there, "
                "or take it out of the cluster"
            ),
            evidence={
                "host": host,
                "ratio": ratio,
                "epoch_seconds": own,
                "epoch_seconds_elsewhere": others,
            },
            command=f"symray explain {facts.name} {numbers[-1] if numbers else 0}",
            trials=tuple(numbers),
        )


def _ratios(facts: Facts) -> Mapping[str, tuple[float, float, float]]:
    """By host: the median ratio of its epochs to the others' median of the same work, and both."""
    work: dict[Work, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for training in facts.trainings:
        size = _size(training)
        for pace in training.paces:
            if pace.kind in ("plain", "evaluated"):
                work[(*size, pace.kind, pace.device)][pace.host].append(pace.seconds)
    compared: dict[str, list[tuple[float, float]]] = defaultdict(list)
    fewest: dict[str, int] = defaultdict(int)
    for by_host in work.values():
        for host, own in by_host.items():
            others = [s for other, found in by_host.items() if other != host for s in found]
            if others:
                elsewhere = median(others)
                compared[host] += [(seconds, elsewhere) for seconds in own]
                fewest[host] += min(len(own), len(others))
    return {
        host: (
            median(own / other for own, other in pairs if other > 0),
            median(own for own, _ in pairs),
            median(other for _, other in pairs),
        )
        for host, pairs in compared.items()
        if fewest[host] >= FEWEST and any(other > 0 for _, other in pairs)
    }


def _size(training: Training) -> Work:
    """What decides how much work an epoch is: the whole numbers among the settings.

    Weights of a loss, learning rates and lambda change what is computed and not how much.
    """
    settings = training.settings
    whole = {name: value for name, value in settings.items() if isinstance(value, int)}
    whole.pop("epochs", None)
    spec = training.task.spec if training.task else {}
    return (str(spec.get("model")), str(spec.get("data")), *sorted(whole.items()))
