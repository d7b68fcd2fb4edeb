"""A driver as a process of its own, which goes on when the terminal is closed."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from symray.errors import UserError
from symray.record import forms, jsonl
from symray.record.home import make_study_folder

LOG = "driver.log"
LOOK = 0.2
"""Seconds between two looks at whether the driver has begun."""


def start_detached(command: Sequence[str], name: str) -> Path:
    """Start ``command``, which drives study ``name``, and wait until the driver is at work.

    Returns:
        The file that takes its output.

    Raises:
        UserError: it ended before that; the sentence is its own last one.
    """
    folder = make_study_folder(name)
    log, before = folder / LOG, _begun(folder)
    with log.open("ab") as output:
        written = output.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    while _begun(folder) == before:
        if process.poll() is not None:
            if process.returncode == 0:
                break
            raise UserError(_last_words(log.read_bytes()[written:].decode(errors="replace")))
        time.sleep(LOOK)
    return log


def _begun(folder: Path) -> int:
    events = jsonl.read(folder / "events.jsonl", forms.event)
    return sum(event["event"] in ("launch", "resume") for event in events)


def _last_words(output: str) -> str:
    lines = [line.removeprefix("Error: ") for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "the driver ended at once and said nothing"
