"""``launch`` and ``resume``."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symray.cli.address import Address, is_dashboard, launch_there, resume_there
from symray.cli.commands.compare import compare
from symray.cli.options import INTERRUPTED, Detach, File, Json, Name, NewCode, Set
from symray.cli.output import err, out, print_json
from symray.cli.results import show_results
from symray.errors import UserError

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord
    from symray.study_file import StudyFile


def launch(
    file: File,
    name: Annotated[
        str | None,
        typer.Option(help="Another name than the file's.", metavar="NAME", show_default=False),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(help="Trials, instead of the file's.", min=1, show_default=False),
    ] = None,
    overrides: Set = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run and what it costs.")
    ] = False,
    detach: Detach = False,
    or_resume: Annotated[
        bool,
        typer.Option("--or-resume", help="Go on with it where it exists, for jobs run again."),
    ] = False,
    address: Address = None,
    shipped: Annotated[bool, typer.Option("--shipped", hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Start the study of a study file and run it to its end.

    A suite's studies run one after another; launched again, it goes on where it was.

    Example: symray launch studies/quickstart.yaml --name first --trials 3
    """
    from symray.api.launching import first_to_run, run_files
    from symray.api.preparing import prepare_missing, tell_warnings
    from symray.api.running import Foreground

    overrides = _with_options(overrides or [], name, trials)
    if address is not None and is_dashboard(address) and not dry_run:
        options = ["--or-resume"] * or_resume + ["--json"] * as_json
        return launch_there(address, file, overrides, options, detach)
    files = _load(file, overrides)
    if address is not None:
        _attach(address)
    if shipped:
        from symray.record.home import home
        from symray.scheduling.cluster.shipping import unpack

        files = [unpack(study) for study in files]
        os.chdir(home())  # what was shipped is the cluster's to delete
    prepare_missing(spec for study in files for spec in study.data_specs())
    if dry_run:
        from symray.cli.plan import show_plans

        return show_plans(files, as_json)
    tell_warnings(files)
    first = first_to_run(files, or_resume)
    if detach and first is not None:
        sets = [part for override in overrides for part in ("--set", override)]
        go_on = ["--or-resume"] * or_resume
        _detached(["launch", str(file), *sets, *go_on], first.study, as_json)
        return None
    records = run_files(files, or_resume, Foreground(INTERRUPTED))
    show_studies(records, as_json, suite=len(files) > 1)
    return None


def resume(
    name: Name,
    accept_code_change: NewCode = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Replace a driver that hangs; it writes nothing more."),
    ] = False,
    detach: Detach = False,
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Go on with a study that was stopped, killed, extended or retried.

    Finished trials stay; unfinished ones continue from their last checkpoint.

    Example: symray resume quickstart
    """
    from symray.api.launching import resume_study
    from symray.api.running import Foreground
    from symray.record.study_record import StudyRecord

    options = ["--accept-code-change"] * accept_code_change + ["--take-over"] * take_over
    if address is not None and is_dashboard(address):
        return resume_there(address, name, options + ["--json"] * as_json, detach)
    if address is not None:
        _attach(address)
    record = StudyRecord.open(name)
    if record.complete:
        return show_studies([record], as_json, suite=False)
    if detach:
        return _detached(["resume", name, *options], name, as_json)
    resumed = resume_study(record, Foreground(INTERRUPTED), accept_code_change, take_over)
    return show_studies([resumed], as_json, suite=False)


def _attach(address: str) -> None:
    from symray.scheduling.cluster.attached import attach

    attach(address)


def _with_options(overrides: Sequence[str], name: str | None, trials: int | None) -> list[str]:
    """All that is changed of the file, the options with a key of their own last."""
    options = [f"study={json.dumps(name)}"] if name is not None else []
    options += [f"trials={trials}"] if trials is not None else []
    return [*overrides, *options]


def _load(path: Path, overrides: Sequence[str]) -> "list[StudyFile]":
    from symray.api.launching import load

    try:
        return load(path, overrides)
    except UserError as error:
        # What was given as --name is told as such.
        sentence = re.sub(r"^--set study=(\"?)(.*)\1: study:", r"--name \2:", str(error))
        raise UserError(sentence) from None


def show_studies(records: "Sequence[StudyRecord]", as_json: bool, suite: bool) -> None:
    """Print what came of studies.

    Raises:
        Exit: the last one isn't complete; that was told already.
    """
    from symray.insight.status import status

    if not records[-1].complete:
        raise typer.Exit(INTERRUPTED)
    if as_json:
        found = [status(record) for record in records]
        return print_json({"studies": found} if suite else found[0])
    for record in records:
        show_results(record)
        out().print()
    if suite:
        compare([record.name for record in records])
    return None


def _detached(arguments: Sequence[str], name: str, as_json: bool) -> None:
    from symray.api.launching import start_in_background
    from symray.insight.status import status
    from symray.record.study_record import StudyRecord

    log = start_in_background(arguments, name)
    err().print(
        f"study '{name}' runs in the background\n"
        f"  watch: symray status {name}\n"
        f"  stop:  symray stop {name}\n"
        f"  log:   {log}"
    )
    if as_json:
        print_json(status(StudyRecord.open(name)))
