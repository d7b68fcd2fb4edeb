"""``trials`` and ``logs``."""

import csv
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symray.cli.address import Address, OnCluster, logs_there
from symray.cli.options import Json, Name
from symray.cli.output import err, metric, number, out, print_json, show, table
from symray.errors import UserError

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord


def trials(
    name: Name,
    where: Annotated[
        str | None,
        typer.Option(help="Only trials that this is true of.", metavar="EXPRESSION"),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(help="Column to sort by, the best metric first.", metavar="COLUMN"),
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="All columns as CSV on stdout.")] = False,
    address: OnCluster = None,
) -> None:
    """List a study's trials: parameters, metrics, how they ended.

    Example: symray trials quickstart --where "x_mae < 0.5 and state == 'COMPLETE'" --sort mi_z0_y
    """
    from symray.insight.trial_rows import select_rows, trial_rows
    from symray.record.study_record import StudyRecord

    if as_json and as_csv:
        raise UserError("--json and --csv exclude each other; give one of the two")
    record = StudyRecord.open(name)
    rows = select_rows(record, where, sort)
    if as_json:
        return print_json({"study": name, "trials": rows})
    if as_csv:
        return _write_csv(record, rows)
    newest = next((row["code"] for row in reversed(trial_rows(record)) if row["code"]), None)
    return _show(record, rows, newest)


def logs(
    name: Name,
    trial: Annotated[
        int | None,
        typer.Argument(help="Trial; the driver without it.", metavar="NUMBER", min=0),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the trial has ended.")
    ] = False,
    address: Address = None,
) -> None:
    """Print what a trial's training has printed: warnings, errors, tracebacks.

    Without a trial, what a driver in the background, or on a cluster, has printed.

    Example: symray logs quickstart 3 --follow
    """
    from symray.driver.detached import LOG
    from symray.record.study_record import StudyRecord

    if address is not None:
        return logs_there(address, name, trial, follow)
    record = StudyRecord.open(name)
    if trial is None:
        path, who = record.folder / LOG, f"the driver of study '{name}'"
    else:
        record.trial(trial)
        path, who = record.trial_folder(trial) / "output.log", f"trial {trial} of study '{name}'"
    if not follow and (not path.exists() or not path.stat().st_size):
        return err().print(f"{who} has printed nothing into a file")
    position = 0
    while True:
        live = follow and _lives(record, trial)
        if path.exists():
            with path.open("rb") as log:
                log.seek(position)
                text = log.read()
            position += len(text)
            print(text.decode(errors="replace"), end="", flush=True)
        if not live:
            return None
        time.sleep(0.5)


def _lives(record: "StudyRecord", trial: int | None) -> bool:
    from symray.search.requests import running

    return running(record) if trial is None else not record.trial(trial).state.is_finished()


def _show(record: "StudyRecord", rows: list[dict[str, Any]], newest: str | None) -> None:
    if not rows:
        return err().print("no such trials")
    from symray.report.columns import shown_metrics

    params, metrics = list(record.file.search), shown_metrics(record)
    several = any(row["code"] not in (None, newest) for row in rows)
    lines = []
    for row in rows:
        line = [f"#{row['number']}", row["state"], "yes" if row["feasible"] else "no"]
        line += [str(row["epochs"])]
        line += [number(row["params"].get(name)) for name in params]
        line += [metric(name, row["metrics"]) for name in metrics]
        if several:
            line.append(f"{row['code'] or '-'}{'' if row['code'] in (None, newest) else ' *'}")
        lines.append([*line, row["reason"] or ""])
    names = ["trial", "state", "feasible", "epochs", *params, *metrics]
    show(table([*names, *(["code"] if several else []), "reason"], lines))
    if several:
        out().print("* trained by other code than the newest trials, so not comparable with them")
    return None


def _write_csv(record: "StudyRecord", rows: list[dict[str, Any]]) -> None:
    from symray.insight.trial_rows import flat_rows

    names, lines = flat_rows(record, rows)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(lines)
