"""Workers that were lost, by the node that lost them."""

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.training import Training
from symray.insight.phrases import plural

MANY = 3
"""So many on one node are no accident."""


def lost_workers(facts: Facts) -> Iterator[Finding]:
    """One finding per node."""
    lost: dict[str, list[tuple[Training, Mapping[str, Any]]]] = defaultdict(list)
    begun: dict[str, int] = defaultdict(int)
    for training in facts.trainings:
        host = "an unknown node"
        for event in training.events:
            if event["event"] == "start":
                host = event["host"]
                begun[host] += 1
            elif event["event"] == "worker lost":
                lost[host].append((training, event))
    for host, found in lost.items():
        training, last = max(found, key=lambda pair: pair[1]["time"])
        reason = str(last["reason"])
        memory = re.search(r"memory|OOM", reason) is not None
        act = (
            "lower `concurrency`, or give a trial more with `resources`"
            if memory
            else "see the node's own log for what killed them; an out-of-memory killer is usual"
        )
        yield Finding(
            kind="lost workers",
            severity="warning" if len(found) >= MANY else "note",
            sentence=(
                f"{host} lost {plural(len(found), 'worker')} in {plural(begun[host], 'start')}, at "
                f"last by: {textwrap.shorten(reason, 160, placeholder=' ...')}; the trainings went "
                f"on from their checkpoints: {act}"
            ),
            evidence={"host": host, "lost": len(found), "starts": begun[host]},
            command=f"symray explain {facts.name} {training.number}",
            trials=tuple(sorted({t.number for t, _ in found if t.is_trial})),
        )
