"""Everything that is looked at, and in which order it is told."""

from collections.abc import Callable, Iterator, Sequence

from symray.insight.health.adversary import blind_adversary
from symray.insight.health.bounds import at_bounds
from symray.insight.health.code import several_codes
from symray.insight.health.devices import idle_gpus, idle_workers
from symray.insight.health.facts import Facts, read_facts
from symray.insight.health.failures import failures
from symray.insight.health.feasibility import few_feasible
from symray.insight.health.finding import SEVERITIES, Finding
from symray.insight.health.interrupted import interrupted
from symray.insight.health.latents import collapsed
from symray.insight.health.misleading import mean_codes, poor_data
from symray.insight.health.pruning import pruned_share
from symray.insight.health.silence import silent
from symray.insight.health.speed import slow_nodes
from symray.insight.health.storage import damaged, full_disk
from symray.insight.health.tracking import unwritten
from symray.insight.health.workers import lost_workers
from symray.record.study_record import StudyRecord

Check = Callable[[Facts], Iterator[Finding]]

OF_TRIALS: tuple[Check, ...] = (
    interrupted,
    silent,
    failures,
    lost_workers,
    few_feasible,
    collapsed,
    blind_adversary,
    mean_codes,
    pruned_share,
    at_bounds,
    slow_nodes,
    idle_gpus,
    idle_workers,
    several_codes,
    damaged,
)
"""What the record tells by itself; of equally severe findings the earlier is told first."""

OF_SURROUNDINGS: tuple[Check, ...] = (poor_data, full_disk, unwritten)
"""What also asks the data's file, the disk and MLflow."""


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
