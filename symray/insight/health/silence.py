"""Trainings that a driver waits for and that say nothing any more, or have never begun."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.training import Training, usual
from symray.insight.phrases import duration, listed, plural

TIMES = 3.0
"""So many median epochs without a line are silence."""

LEAST = 30.0
"""Seconds that are never silence, however short an epoch is."""

FIRST_EPOCH = 1800.0
"""Seconds until the first epoch of a study is recorded, when nobody knows how long one takes."""

BEGINNING = 300.0
"""Seconds from being handed out to the start on a worker."""


def silent(facts: Facts) -> Iterator[Finding]:
    """One finding per host for those that have begun, one for those that haven't."""
    if facts.state != "running":
        return
    live = [training for training in facts.trainings if not training.ended]
    by_host: dict[str, list[tuple[Training, float]]] = defaultdict(list)
    for training in live:
        if training.host is not None and (quiet := _quiet(facts, training)) is not None:
            by_host[training.host].append((training, quiet))
    count = sum(map(len, by_host.values()))
    for host, found in by_host.items():
        yield _silent_on(facts, host, found, all_of_them=count == len(live))
    unbegun = [t for t in live if t.host is None and _waits_too_long(facts, t)]
    if unbegun:
        yield _never_begun(facts, unbegun)


def _quiet(facts: Facts, training: Training) -> float | None:
    """Seconds without a sign, where these are too many."""
    assert training.last_sign is not None
    quiet = facts.now - training.last_sign
    return quiet if quiet > _patience(facts, training) else None


def _patience(facts: Facts, training: Training) -> float:
    """Three median epochs, and the time between two writes.

    Of the last epoch, which evaluates all metrics, three medians of last epochs.
    """
    paces = facts.paces
    if not paces:
        return FIRST_EPOCH
    own = usual(training.paces)
    epoch = max(median(usual(paces)), median(own) if own else 0.0)
    unwritten = facts.file.checkpoints.every / max(epoch, 1e-3)
    each = max(1, int(training.settings.get("epochs", 1)))
    done = training.lines[-1]["epoch"] if training.lines else 0
    if each - done % each <= unwritten + 1:
        epoch = max(epoch, median(usual(paces, "last")))
    return max(LEAST, TIMES * epoch + facts.file.checkpoints.every)


def _silent_on(
    facts: Facts, host: str, found: list[tuple[Training, float]], all_of_them: bool
) -> Finding:
    paces = facts.paces
    longest = max(quiet for _, quiet in found)
    worst = max(found, key=lambda pair: pair[1])[0]
    titles = listed([training.title for training, _ in found])
    if paces:
        epoch = median(usual(paces))
        against = f"{longest / epoch:.0f} times the median epoch of {duration(epoch)}"
    else:
        against = "and no epoch of the study was ever recorded"
    act = (
        f"see what it printed; `symray stop {facts.name} {worst.number}` gives it up"
        if worst.is_trial
        else f"see whether {host} is still there"
    )
    return Finding(
        kind="silent",
        severity="severe" if all_of_them else "warning",
        sentence=f"{titles} on {host}: silent for {duration(longest)}, {against}: {act}",
        evidence={
            "host": host,
            "silent_seconds": {training.name: quiet for training, quiet in found},
            "median_epoch_seconds": median(usual(paces)) if paces else None,
        },
        command=(
            f"symray logs {facts.name} {worst.number}"
            if worst.is_trial
            else f"symray status {facts.name}"
        ),
        trials=tuple(sorted(training.number for training, _ in found if training.is_trial)),
    )


def _waits_too_long(facts: Facts, training: Training) -> bool:
    if training.asked_at is None:
        return False
    took = [
        t.last_sign - t.starts[0]["time"]
        for t in facts.trainings
        if t.ended and t.starts and t.last_sign is not None
    ]
    patience = max(BEGINNING, TIMES * median(took) if took else 0.0)
    return facts.now - training.asked_at > patience


def _never_begun(facts: Facts, unbegun: list[Training]) -> Finding:
    waited = max(facts.now - t.asked_at for t in unbegun if t.asked_at is not None)
    needs = facts.file.resources
    return Finding(
        kind="silent",
        severity="warning",
        sentence=(
            f"{listed([t.title for t in unbegun])}: handed out {duration(waited)} ago and begun by "
            f"no worker: there is no room for {plural(len(unbegun), 'task')} more of "
            f"{needs}; add nodes, or lower `concurrency` or `resources`"
        ),
        evidence={"waited_seconds": waited, "cpu": needs.cpu, "gpu": needs.gpu},
        command="symray doctor",
        trials=tuple(t.number for t in unbegun if t.is_trial),
    )
