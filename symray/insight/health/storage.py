"""The record itself: room on its disk, lines that can't be read."""

import shutil
from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.phrases import listed

GIB = 2**30

LITTLE = GIB
"""Bytes free below which a warning is due."""

NEARLY_NONE = GIB // 10
"""Bytes free below which a checkpoint may no longer be written."""


def full_disk(facts: Facts) -> Iterator[Finding]:
    """Too little room where the study's record lies."""
    usage = shutil.disk_usage(facts.record.folder)
    if usage.free >= LITTLE:
        return
    yield Finding(
        kind="disk",
        severity="severe" if usage.free < NEARLY_NONE else "warning",
        sentence=(
            f"the disk of {facts.record.folder} is nearly full, {usage.free / GIB:.2g} of "
            f"{usage.total / GIB:.3g} GiB free: a study whose record can't be written stops; make "
            "room, as by removing old studies' checkpoints"
        ),
        evidence={"free_bytes": usage.free, "total_bytes": usage.total},
        command=f"du -sh {facts.record.folder.parent}/*",
    )


def damaged(facts: Facts) -> Iterator[Finding]:
    """Files of the record that no kill leaves behind like that."""
    if not facts.unreadable:
        return
    first = next(iter(facts.unreadable.values()))
    numbers = [int(n.partition("-")[2]) for n in facts.unreadable if n.startswith("trial-")]
    yield Finding(
        kind="damaged record",
        severity="severe",
        sentence=f"the record of {listed(list(facts.unreadable))} can't be read: {first}",
        evidence=dict(facts.unreadable),
        command=f"symray status {facts.name}",
        trials=tuple(numbers),
    )
