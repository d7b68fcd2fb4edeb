"""A study in a home folder whose path holds what addresses can't."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from symray.driver.launch import launch
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.study_file import load_study_file
from symray.tracking.registry import download


def test_it_is_launched_shown_and_downloaded(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_study: Callable[[Path, str], Path],
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    name = "50%20 of what? it's #1 ä日"
    for variable in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "homes" / name))
    (file,) = load_study_file(write_study(tmp_path / name, "odd"))
    record = launch(file, Progress(), threading.Event())
    assert record.complete
    assert_ledger(record)
    assert (download("odd", tmp_path / "a%?#") / "weights.safetensors").exists()
    assert os.listdir(tmp_path / "homes") == [name]
