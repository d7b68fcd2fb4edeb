"""Studies launched and resumed, by the command line and by ``symray.launch``."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from symray.api.preparing import prepare_missing, tell_warnings
from symray.api.running import Foreground
from symray.errors import UserError
from symray.study_file import StudyFile, load_study_file

if TYPE_CHECKING:
    from symray.api.study import Study
    from symray.record.study_record import StudyRecord

Source = str | os.PathLike[str] | Mapping[str, Any] | StudyFile
"""A study file: its path, what stands in it, or what :func:`symray.study` has made."""


def launch(
    file: Source,
    *,
    or_resume: bool = False,
    detach: bool = False,
    address: str | None = None,
    **overrides: Any,
) -> "Study":
    """Start a study and wait for its end, or until Ctrl-C (a notebook's stop button) stops it.

    >>> import symray
    >>> study = symray.launch("quickstart.yaml", study="first", trials=2)  # doctest: +SKIP
    >>> study = symray.launch({"extends": "quickstart.yaml", "study": "second"})  # doctest: +SKIP

    Args:
        file: path of a study file, its content as a mapping, or what :func:`symray.study` gives.
        or_resume: go on with the study where it exists.
        detach: return at once; a process of its own runs the study, ``.status`` tells how it goes.
        address: a Ray cluster, ``auto`` or ``HOST:PORT``, from one of its machines.
        overrides: keys of the study file, ``trials=5`` or ``training={"epochs": 3}``; sections
            are merged, and None removes a key. ``**{"training.epochs": 3}`` is the same.

    Raises:
        UserError: something is wrong with the file, the name is taken, the data or the machine
            won't do, or the first trials all fail.
    """
    files = load(file, overrides)
    if len(files) > 1:
        raise UserError(
            f"this is a suite of {len(files)} studies: launch it with symray.launch_suite"
        )
    _attach(address)
    return _launched(files, or_resume, detach)[0]


def launch_suite(file: Source, *, address: str | None = None, **overrides: Any) -> "list[Study]":
    """Start the studies of a suite one after another; launched again, it goes on where it was.

    >>> import symray
    >>> studies = symray.launch_suite("suite.yaml", trials=10)  # doctest: +SKIP
    >>> symray.compare(*studies)  # doctest: +SKIP

    Args:
        file: as :func:`launch` takes it.
        address: as for :func:`launch`.
        overrides: keys of the study file, for all of its studies.

    Returns:
        The studies that are complete and, where one was stopped, that one as the last.

    Raises:
        UserError: as :func:`launch`; or a study of that name was launched from another file.
    """
    files = load(file, overrides)
    _attach(address)
    return _launched(files, or_resume=True, detach=False)


def load(file: Source, overrides: Sequence[str] | Mapping[str, Any]) -> list[StudyFile]:
    """The studies of a file under overrides, checked.

    Raises:
        UserError: anything wrong with it.
    """
    if isinstance(file, StudyFile):
        return load_study_file(yaml.safe_load(file.to_yaml()), overrides)
    return load_study_file(file if isinstance(file, Mapping) else Path(file), overrides)


def first_to_run(files: Sequence[StudyFile], or_resume: bool) -> StudyFile | None:
    """The first study that isn't complete.

    Raises:
        UserError: before anything runs, a name that is taken.
    """
    from symray.record.study_record import StudyRecord

    if len(files) == 1 and not or_resume:
        StudyRecord.check_name_is_free(files[0].study)
        return files[0]
    open_ends = []
    for file in files:
        record = existing(file)
        if record is None or not record.complete:
            open_ends.append(file)
    return open_ends[0] if open_ends else None


def run_files(
    files: Sequence[StudyFile], or_resume: bool, foreground: Foreground
) -> "list[StudyRecord]":
    """Run studies one after another, those that exist from where they are.

    Returns:
        Those that are complete and, where one was stopped, that one as the last.
    """
    records = []
    for file in files:
        records.append(_run(file, or_resume or len(files) > 1, foreground))
        if not records[-1].complete:
            break
    return records


def resume_study(
    record: "StudyRecord",
    foreground: Foreground,
    accept_code_change: bool = False,
    take_over: bool = False,
) -> "StudyRecord":
    """Go on with a study until it is complete or was stopped.

    Raises:
        UserError: another driver runs it and isn't taken over; or its code has changed since and
            that is not accepted.
    """
    from symray.driver.launch import resume

    return foreground.resume(
        record,
        lambda progress, stopping: resume(
            record.name, progress, stopping, accept_code_change, take_over
        ),
    )


def start_in_background(arguments: Sequence[str], name: str) -> Path:
    """Run ``symray ARGUMENTS``, which drives study ``name``, as a process of its own.

    Returns:
        The file that takes its output.

    Raises:
        UserError: it ended before it was at work.
    """
    from symray.driver.detached import start_detached

    return start_detached([sys.executable, "-m", "symray", *arguments], name)


def _launched(files: Sequence[StudyFile], or_resume: bool, detach: bool) -> "list[Study]":
    from symray.api.study import Study

    prepare_missing(spec for file in files for spec in file.data_specs())
    tell_warnings(files)
    first = first_to_run(files, or_resume)
    if not detach or first is None:
        return [Study(record) for record in run_files(files, or_resume, Foreground())]
    with tempfile.TemporaryDirectory(prefix="symray-launch-") as folder:
        path = Path(folder) / "study.yaml"
        path.write_text(first.to_yaml())
        start_in_background(["launch", str(path), *["--or-resume"] * or_resume], first.study)
    return [Study.named(first.study)]


def _attach(address: str | None) -> None:
    if address is None:
        return
    if address.startswith(("http://", "https://")):
        raise UserError(
            f"address {json.dumps(address)} is a dashboard, to which a command ships a study: "
            f"symray launch FILE --address {address}"
        )
    from symray.scheduling.cluster.attached import attach

    attach(address)


def existing(file: StudyFile) -> "StudyRecord | None":
    """The study that was launched before from this file, if there is one.

    Raises:
        UserError: there is one of its name from another file.
    """
    from symray.record.home import home
    from symray.record.studies import study_exists
    from symray.record.study_record import StudyRecord

    if not study_exists(file.study):
        return None
    record = StudyRecord.open(file.study)
    if record.file.model_copy(update={"code": file.code}) != file:
        raise UserError(
            f"study '{file.study}' exists in {home()} from another study file; "
            "give this one another name with --name"
        )
    return record


def _run(file: StudyFile, go_on: bool, foreground: Foreground) -> "StudyRecord":
    from symray.driver.launch import launch as launch_new

    record = existing(file) if go_on else None
    if record is None:
        return foreground.run(
            file, None, lambda progress, stopping: launch_new(file, progress, stopping)
        )
    return record if record.complete else resume_study(record, foreground)
