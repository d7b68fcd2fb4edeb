"""A study that an earlier version of symray began and that was killed goes on with this one.

``older/study.tar.gz`` holds its folder as that version left it, and its data.
"""

import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from symray.driver.launch import resume
from symray.errors import UserError
from symray.record import jsonl
from symray.record.study_record import StudyRecord
from symray.search.champion import registered
from symray.search.progress import Progress

ARCHIVE = Path(__file__).parent / "older" / "study.tar.gz"
ITS_FOLDER = "/older"
SHORTER = {"trials: 3": "trials: 2", "{top: 1, seeds: 2}": "{top: 0, seeds: 2}"}
"""What the test needn't wait for, of ``study.yaml``."""


@pytest.fixture
def older_study(study_home: Path, embedded_store: object) -> Path:
    """The folder of the study ``before``, in a home of its own."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(study_home, filter="data")
    folder = study_home / "before"
    file = folder / "study.yaml"
    for long, short in SHORTER.items():
        file.write_text(file.read_text().replace(long, short))
    for path in (file, *folder.glob("trials/*/task.json")):
        path.write_text(path.read_text().replace(ITS_FOLDER, str(study_home)))
    return folder


def test_it_goes_on_when_the_change_of_code_is_accepted(
    older_study: Path, assert_ledger: Callable[[StudyRecord], None]
) -> None:
    before = {path: jsonl.read(path) for path in sorted(older_study.glob("trials/*/metrics.jsonl"))}
    assert [len(lines) for lines in before.values()] == [60, 9]
    with pytest.raises(UserError, match=r"the code has changed since .* --accept-code-change"):
        resume("before", Progress(), threading.Event())
    record = resume("before", Progress(), threading.Event(), accept_code_change=True)
    assert record.complete
    assert all(trial.state.is_finished() for trial in record.trials())
    for path, lines in before.items():
        assert jsonl.read(path)[: len(lines)] == lines
    assert registered(record) is not None
    assert_ledger(record)
