"""What MLflow doesn't show of the record."""

from collections.abc import Iterator

from symray.errors import UserError
from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.phrases import listed, plural
from symray.tracking.address import answering
from symray.tracking.client import shown_runs, shown_uri
from symray.tracking.run_contents import RunContents, all_contents

DELAY = 120.0
"""Seconds that a running study's writer may be behind."""


def unwritten(facts: Facts) -> Iterator[Finding]:
    """Runs that are missing, behind, or of another state; only looks, writes nothing."""
    if facts.unreadable:
        return
    try:
        with answering("reconcile"):
            shown = shown_runs(facts.name)
    except UserError as error:
        sentence = f"{error}; nobody knows what it shows of the study, and the record is whole"
        yield _finding(facts, sentence, {"uri": shown_uri()})
        return
    live = facts.state == "running"
    wanted = list(all_contents(facts.record, live))
    behind = [
        contents
        for contents in wanted
        if _is_behind(contents, shown.get(contents.name), facts, live)
    ]
    if behind:
        missing = [contents.name for contents in behind if contents.name not in shown]
        yield _finding(
            facts,
            f"MLflow is behind the record in {plural(len(behind), 'run')} of {len(wanted)}"
            f"{f', {len(missing)} of which it does not have' if missing else ''} "
            f"({listed([contents.name for contents in behind])}): the record is whole; write them",
            {"behind": [contents.name for contents in behind], "missing": missing},
            tuple(contents.task.number for contents in behind if contents.task.kind == "trial"),
        )


def _is_behind(
    contents: RunContents, shown: tuple[str, int] | None, facts: Facts, live: bool
) -> bool:
    """Whether the run lacks what has been recorded long enough ago."""
    settled = facts.now - DELAY if live else facts.now
    epochs = [line["epoch"] for line in contents.lines() if line["time"] <= settled]
    began = contents.start is not None and contents.start / 1000 <= settled
    ended = contents.end is not None and contents.end / 1000 <= settled
    if shown is None:
        return began or bool(epochs)
    status, epoch = shown
    return (bool(epochs) and epochs[-1] > epoch) or (
        (ended or not live) and status != contents.status
    )


def _finding(
    facts: Facts, sentence: str, evidence: dict[str, object], trials: tuple[int, ...] = ()
) -> Finding:
    return Finding(
        kind="MLflow",
        severity="note",
        sentence=sentence,
        evidence=evidence,
        command=f"symray reconcile {facts.name}",
        trials=trials,
    )
