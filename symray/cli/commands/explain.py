"""``symray explain``."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from symray.cli import options
from symray.cli.address import OnCluster
from symray.cli.output import duration, metric, out, print_json
from symray.cli.output import number as digits

if TYPE_CHECKING:
    from symray.insight.explain import Explanation, Judgement

TRACE = ("symray.code", "symray.commit", "symray.version", "symray.data_key")


def explain(
    name: options.Name,
    number: options.Number,
    as_json: options.Json = False,
    address: OnCluster = None,
) -> None:
    """Tell a trial's story: what was asked, where it ran, why it ended, which bounds it kept.

    Example: symray explain quickstart 7
    """
    from symray.insight.explain import explain as explain_trial
    from symray.record.study_record import StudyRecord

    story = explain_trial(StudyRecord.open(name), number)
    if as_json:
        judgements = [asdict(j) | {"kept": j.kept} for j in story.judgements]
        print_json(asdict(story) | {"judgements": judgements})
        return
    for line in _lines(story):
        out().print(line)


def _lines(story: "Explanation") -> Iterator[str]:
    yield f"trial {story.number} of study '{story.study}': {story.state}, {story.why}"
    if story.findings:
        yield ""
        yield f"looks wrong (symray health {story.study})"
        yield from (f"  {found.kind}: {found.sentence}" for found in story.findings)
    yield ""
    yield "asked"
    at = f"{_moment(story.asked_at)}, " if story.asked_at else ""
    yield f"  {at}by {story.asked_by}"
    yield from _table({name: digits(value) for name, value in story.params.items()})
    yield ""
    yield "happened"
    yield from (f"  {_moment(event['time'])}  {_event(event)}" for event in story.events)
    if story.seconds is not None:
        yield f"  {duration(story.seconds)} from being asked to its end"
    if story.rungs:
        yield ""
        yield f"told the pruner ({story.pruned_on})"
        yield from _table({f"epoch {e}": digits(value) for e, value in story.rungs.items()})
    if story.judgements:
        yield ""
        yield "constraints"
        yield from (f"  {judged.constraint}: {_judged(judged)}" for judged in story.judgements)
    if story.terms:
        yield ""
        yield "last finite value of each term"
        yield from _table({k: f"{digits(v)}  epoch {e}" for k, (v, e) in story.terms.items()})
    if story.metrics:
        yield ""
        yield "metrics on the validation split"
        yield from _table({name: metric(name, story.metrics) for name in story.metrics})
    yield ""
    trace = {key.removeprefix("symray."): story.tags[key] for key in TRACE if key in story.tags}
    yield from _table({**trace, "MLflow run": story.mlflow_run_id or "none yet"})
    yield f"  in the browser: {story.mlflow_link or f'symray ui {story.study}'}"
    yield f"  train it again: {story.repeat}"


def _judged(judged: "Judgement") -> str:
    if judged.value is None:
        return "missed, because it has no value"
    if judged.kept:
        return f"kept, it is {digits(judged.value)}"
    return f"missed by {digits(judged.violation)}, it is {digits(judged.value)}"


def _event(event: Mapping[str, Any]) -> str:
    if event["event"] == "start":
        begun = f"from epoch {event['epoch']}" if event["epoch"] else "from the beginning"
        where = f"on {event['host']}, process {event['pid']}, {event['device']}"
        if "pack" in event:
            where += f", in a pack of up to {event['pack']}"
        return f"attempt {event['attempt']} {begun} {where}"
    if event["event"] == "failed":
        return f"failed after epoch {event['epoch']}: {event['reason']}"
    return f"{event['event']}: {event['reason']}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ", "seconds")


def _table(values: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, values), default=0)
    return (f"  {name:<{width}}  {value}" for name, value in values.items())
