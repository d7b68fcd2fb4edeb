"""A study that nobody goes on with: its driver is gone and there is work left."""

from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.phrases import duration, plural, these_trials
from symray.record.trials import TrialState


def interrupted(facts: Facts) -> Iterator[Finding]:
    """Nothing where a driver is at work, where all is done, or where somebody stopped it."""
    if facts.state != "interrupted":
        return
    unfinished = [t.number for t in facts.trials if t.state == TrialState.RUNNING]
    events = facts.record.events()
    asked = events[-1]["event"] if events else None
    signs = [event["time"] for event in events]
    signs += [t.last_sign for t in facts.trainings if t.last_sign is not None]
    since = facts.now - max(signs, default=facts.now)
    left = max(0, facts.record.budget - len(facts.ended))
    act = "resume it, nothing is lost"
    if asked in ("extend", "retry"):
        what = f"somebody asked for more trials ({asked}) and no driver trains them"
    elif facts.ended and all(t.state == TrialState.FAIL for t in facts.trials):
        what = "its driver has given up, because all trials failed"
        act = f"put that right, `symray retry {facts.name} --failed`, and resume it"
    else:
        what = "its driver is gone: it was interrupted or killed, or its machine went down"
    host = next((e["host"] for e in reversed(events) if e["event"] in ("launch", "resume")), None)
    where = f", last on {host}" if host and asked not in ("extend", "retry") else ""
    open_trials = f"{these_trials(unfinished)} unfinished, " if unfinished else ""
    rest = f"{plural(left, 'trial')} of {facts.record.budget} left" if left else "only its end left"
    yield Finding(
        kind="interrupted",
        severity="severe",
        sentence=(f"{what}{where}; {open_trials}{rest}, last sign {duration(since)} ago: {act}"),
        evidence={"unfinished": unfinished, "trials_left": left, "last_sign_seconds": since},
        command=f"symray resume {facts.name}",
        trials=tuple(unfinished),
    )
