"""Another process that drives a study."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HOLDER = """
import sys
from pathlib import Path
import optuna
from symray.record.storage import open_storage, take_lease
folder = Path(sys.argv[1])
with take_lease(folder) as lease:
    storage = open_storage(folder, lease)
    study = optuna.create_study(study_name=folder.name, storage=storage, load_if_exists=True)
    trial = study.ask()
    print("held", flush=True)
    sys.stdin.readline()
    try:
        study.tell(trial, 1.0)
        print("told", flush=True)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", flush=True)
"""

Hold = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts another driver with one open trial; a line to it makes it tell that trial."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
