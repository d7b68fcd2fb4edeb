"""``try`` and ``rerun``: training in this process, where a debugger works."""

import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from symray.api.preparing import prepare_missing
from symray.cli.options import File, Json, Name, Number, Set
from symray.cli.output import duration, err, number, out, print_json, show, table
from symray.errors import UserError

if TYPE_CHECKING:
    from symray.insight.rerun import Rerun
    from symray.study_file import StudyFile


def try_file(
    file: File,
    seconds: Annotated[float, typer.Option(help="How long.", min=0)] = 60.0,
    overrides: Set = None,
) -> None:
    """Train the first trial of a study file for a minute and print every epoch.

    In this process and without a study, so that prints and breakpoints of an own model work.
    Of a suite each model is trained in turn.

    Example: symray try studies/quickstart.yaml --seconds 20 --set training.hidden_width=32
    """
    from symray.study_file import load_study_file

    studies = load_study_file(file, overrides or [])
    prepare_missing(study.data_spec() for study in studies)
    for study in studies:
        _try(study, seconds)


def rerun(
    name: Name,
    trial: Number,
    epochs: Annotated[
        int | None,
        typer.Option(help="Only the first N epochs.", metavar="N", min=1, show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a trial again from its record and say whether the same numbers come out.

    Exits with 1 when they differ on the kind of device that the trial was trained on. Of a trial
    that was trained in a pack, the first epochs must agree within 1 %.

    Example: symray rerun quickstart 3 --epochs 5
    """
    from symray.insight.rerun import rerun as repeat
    from symray.record.study_record import StudyRecord

    record = StudyRecord.open(name)
    with err().status(f"repeating trial {trial}") as line:
        found = repeat(
            record,
            trial,
            epochs,
            lambda epoch, total: line.update(f"repeating trial {trial}: epoch {epoch} of {total}"),
        )
    if found.code != found.recorded_code:
        err().print(
            f"note: trial {trial} was trained by other code ({found.recorded_code}) "
            f"than this ({found.code})"
        )
    if not found.same_device:
        err().print(
            f"note: trial {trial} was trained on {found.recorded_device} and repeated on "
            f"{found.device}, which draws other random numbers: it compares like two seeds"
        )
    if found.packed:
        err().print(f"note: trial {trial} was trained in a pack, and repeated in a pack of one")
    if as_json:
        print_json(_rerun_json(found))
    else:
        _show_rerun(found)
    if not found.as_expected and found.same_device:
        raise typer.Exit(1)


def _try(file: "StudyFile", seconds: float) -> None:
    from symray.search.first_trials import first_params, first_task
    from symray.tasks.worker import TaskRun

    console = out()
    params = ", ".join(f"{name} {number(value)}" for name, value in first_params(file).items())
    console.print(f"{file.study}: {file.model} on {file.data_name} with {params}")
    with tempfile.TemporaryDirectory(prefix="symray-try-") as folder:
        task = first_task(file, Path(folder))
        settings = task.spec["settings"] | {"evaluate_every": 1}  # a minute may be one epoch
        run = TaskRun(replace(task, spec=task.spec | {"settings": settings}))
        began = last = time.monotonic()
        while True:
            report = run.advance()
            now = time.monotonic()
            if report.outcome == "failed":
                raise UserError(f"{file.study}: the trial failed: {report.reason}")
            console.print(f"epoch {report.epoch}/{report.epochs}  {duration(now - last)}")
            _print_values(console, report.values)
            last = now
            if report.outcome != "running" or now - began >= seconds:
                break
    each = (last - began) / report.epoch
    console.print(
        f"{report.epoch} of {report.epochs} epochs in {duration(last - began)} on {report.device}; "
        f"a whole trial takes about {duration(each * report.epochs)} here"
    )


def _print_values(console: Console, values: Mapping[str, float]) -> None:
    from symray.metrics import METRICS

    terms = {name: value for name, value in values.items() if name not in METRICS}
    metrics = {name: value for name, value in values.items() if name in METRICS}
    for title, part in (("terms", terms), ("metrics", metrics)):
        if part:
            pairs = "  ".join(
                f"{name.removeprefix('train/')} {number(value)}" for name, value in part.items()
            )
            console.print(f"  {title:<8} {pairs}")


def _rerun_json(found: "Rerun") -> dict[str, Any]:
    return {
        "number": found.number,
        "epochs": found.epochs,
        "identical": found.identical,
        "differences": found.differences,
        "packed": found.packed,
        "agreeing_epochs": found.agreeing,
        "device": {"recorded": found.recorded_device, "here": found.device},
        "code": {"recorded": found.recorded_code, "here": found.code},
    }


def _show_rerun(found: "Rerun") -> None:
    from symray.insight.rerun import TOLERANCE

    rows = [
        [name, "0" if gap == 0 else "missing" if math.isinf(gap) else f"{gap:.3g}"]
        for name, gap in found.differences.items()
    ]
    show(table(["metric", "largest difference"], rows))
    verdict = "identical" if found.identical else "not identical"
    if not found.identical and (found.packed or not found.same_device):
        verdict += f", within {TOLERANCE:.0%} up to epoch {found.agreeing}"
    out().print(f"{verdict}: trial {found.number}, {found.epochs} epochs on {found.device}")
