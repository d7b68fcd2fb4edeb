"""``status``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from symray.cli.address import OnCluster
from symray.cli.options import Json
from symray.cli.output import err, metric, number, out, print_json, show, table
from symray.cli.results import show_leaderboard
from symray.errors import UserError

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord


def status(
    name: Annotated[
        str | None,
        typer.Argument(help="Study; all of them without it.", metavar="NAME"),
    ] = None,
    as_json: Json = False,
    address: OnCluster = None,
) -> None:
    """Show how studies stand, running or not.

    Example: symray status quickstart
    """
    from symray.insight.status import status as status_of
    from symray.record.study_record import StudyRecord

    if name is None:
        return _show_all(as_json)
    record = StudyRecord.open(name)
    found = status_of(record)
    if as_json:
        return print_json(found)
    return _show_one(record, found)


def _show_all(as_json: bool) -> None:
    from symray.insight.status import status as status_of
    from symray.record.home import home, study_names
    from symray.record.object_store.copies import names_there
    from symray.record.study_record import StudyRecord

    names = study_names()
    try:
        elsewhere = [name for name in names_there() if name not in names]
    except UserError as error:  # what is here is shown all the same
        err().print(f"studies that are only on the store are left out: {error}")
        elsewhere = []
    if as_json:
        studies = [status_of(StudyRecord.open(name)) for name in names]
        return print_json({"studies": studies, "on_store": elsewhere})
    if not names and not elsewhere:
        return out().print(f"no studies in {home()} yet; begin with: symray launch FILE")
    rows = [_row(name) for name in names]
    rows += [[name, "on the store", "", "", f"symray status {name}", ""] for name in elsewhere]
    show(table(["study", "state", "trials", "best", "objectives", "model"], rows))
    return None


def _row(name: str) -> list[str]:
    from symray.insight.status import ended_count
    from symray.record.study_record import StudyRecord
    from symray.search.champion import registered
    from symray.search.leaderboard import leaderboard

    try:
        record = StudyRecord.open(name)
    except UserError as error:  # one broken study file doesn't hide the other studies
        return [name, "unreadable", "", "", str(error), ""]
    best = next((row for row in leaderboard(record) if row.feasible), None)
    model = registered(record)
    return [
        name,
        record.state(),
        f"{ended_count(record)}/{record.budget}",
        f"#{best.number}" if best else "-",
        ", ".join(f"{name} {metric(name, best.metrics)}" for name in record.file.objectives)
        if best
        else "-",
        f"{model['name']} v{model['version']}" if model else "-",
    ]


def _show_one(record: "StudyRecord", found: dict[str, Any]) -> None:
    states = [trial["state"] for trial in found["trials"]]
    counts = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states)) or "none yet"
    confirmed = sum(1 for _ in record.folder.glob("confirmation/*/outcome.jsonl"))
    console = out()
    console.print(f"study '{record.name}' is {found['state']}")
    console.print(f"trials: {counts}; {record.budget} wanted")
    if confirmed:
        console.print(f"confirmation: {confirmed} trainings have ended")
    from symray.report.columns import shown_metrics

    metrics = shown_metrics(record)
    running = [
        [f"#{t['number']}", str(t["epochs"]), *(number(t["metrics"].get(m)) for m in metrics)]
        for t in found["trials"]
        if t["state"] == "RUNNING"
    ]
    if running:
        show(table(["trial", "epoch", *metrics], running), "unfinished (newest recorded metrics)")
    if "COMPLETE" in states or found["state"] == "complete":
        show_leaderboard(record)
    if found["state"] in ("stopped", "interrupted"):
        console.print(f"go on with: symray resume {record.name}")
