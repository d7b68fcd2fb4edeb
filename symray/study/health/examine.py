"""Everything that is looked at, and in which order it is told."""

from collections.abc import Callable, Iterator, Sequence

from symray.study.health.adversary import blind_adversary
from symray.study.health.bounds import at_bounds
from symray.study.health.code import several_codes
from symray.study.health.devices import idle_gpus, idle_workers
from symray.study.health.facts import Facts, read_facts
from symray.study.health.failures import failures
from symray.study.health.feasibility import few_feasible
from symray.study.health.finding import SEVERITIES, Finding
from symray.study.health.interrupted import interrupted
from symray.study.health.latents import collapsed
from symray.study.health.pruning import pruned_share
from symray.study.health.silence import silent
from symray.study.health.speed import slow_nodes
from symray.study.health.storage import damaged, full_disk
from symray.study.health.tracking import unwritten
from symray.study.health.workers import lost_workers
from symray.study.record import StudyRecord

Check = Callable[[Facts], Iterator[Finding]]

OF_TRIALS: tuple[Check, ...] = (
    interrupted,
    silent,
    failures,
    lost_workers,
    few_feasible,
    collapsed,
    blind_adversary,
    pruned_share,
    at_bounds,
    slow_nodes,
    idle_gpus,
    idle_workers,
    several_codes,
    damaged,
)
"""What the record tells by itself; of equally severe findings the earlier is told first."""

OF_SURROUNDINGS: tuple[Check, ...] = (full_disk, unwritten)
"""What also asks the disk and MLflow."""


def health(
    record: StudyRecord,
    now: float | None = None,
    checks: Sequence[Check] = (*OF_TRIALS, *OF_SURROUNDINGS),
) -> list[Finding]:
    """What looks wrong with a study, running or ended, the worst first; empty: nothing does.

    Reads only. ``now``, seconds since the epoch, is the moment that silence is measured at.
    """
    facts = read_facts(record, now)
    found = [finding for check in checks for finding in check(facts)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
