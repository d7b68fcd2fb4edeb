"""Studies trained in this process alone, for the command line: see `symray.driver.bare_machine`."""

import shlex
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symray.api.launching import existing, load
from symray.api.preparing import prepare_missing, tell_warnings
from symray.api.running import Foreground
from symray.errors import UserError
from symray.study_file import StudyFile

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord
    from symray.search.progress import Progress

Work = Callable[["Progress", threading.Event], "StudyRecord"]


def run_trials(
    where: Path,
    overrides: Sequence[str],
    minutes: float | None,
    accept_code_change: bool,
    killed: int,
) -> "list[StudyRecord]":
    """Train what is due of a study, or of each study of a suite in turn.

    Args:
        where: the study's folder, or a study file; of that a study is begun, or gone on with.
        overrides: of keys of the study file.
        minutes: after which it is stopped at a checkpoint, once the epoch at hand has ended.
        accept_code_change: go on although the code has changed.
        killed: the exit code of a second Ctrl-C.

    Returns:
        Those that are complete and, where one was stopped, that one as the last.

    Raises:
        UserError: ``where`` is neither; the data or the disk won't do; the code has changed and
            that isn't accepted; or the first trials all fail.
    """
    from symray.driver.bare_machine import launch_here, open_folder, resume_here

    end = None if minutes is None else time.monotonic() + 60 * minutes
    sets = [part for override in overrides for part in ("--set", override)]
    foreground = Foreground(killed, go_on=shlex.join(["symray", "run-trials", str(where), *sets]))

    def run(file: StudyFile, record: "StudyRecord | None") -> "StudyRecord":
        if record is None:
            return foreground.run(
                file, None, _until(end, lambda told, stopping: launch_here(file, told, stopping))
            )
        if record.complete:
            return record
        folder = record.folder
        return foreground.resume(
            record,
            _until(
                end, lambda told, stopping: resume_here(folder, told, stopping, accept_code_change)
            ),
        )

    if where.is_dir():
        if overrides:
            raise UserError("--set changes a study file; that of a study stays what it is")
        record = open_folder(where)
        prepare_missing(record.file.data_specs())
        return [run(record.file, record)]
    files = load(where, overrides)
    prepare_missing(spec for file in files for spec in file.data_specs())
    tell_warnings(files)
    records: list[StudyRecord] = []
    for file in files:
        records.append(run(file, existing(file)))
        if not records[-1].complete:
            break
    return records


def _until(end: float | None, work: Work) -> Work:
    """``work`` that is stopped at ``end``, a time of the monotonic clock."""
    if end is None:
        return work

    def limited(progress: "Progress", stopping: threading.Event) -> "StudyRecord":
        timer = threading.Timer(max(0.0, end - time.monotonic()), stopping.set)
        timer.daemon = True
        timer.start()
        try:
            return work(progress, stopping)
        finally:
            timer.cancel()

    return limited
