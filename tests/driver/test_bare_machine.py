"""A study without Ray and MLflow: trained in slices wherever its folder is, then tracked."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from symray.record import forms, jsonl
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines
from symray.tracking.projector import reconcile

BARE = """\
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("ray", "mlflow"):
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Missing())
from symray.cli.main import main
main()
"""


def bare(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """``symray ARGUMENTS`` where neither library is installed."""
    return subprocess.run(
        [sys.executable, "-c", BARE, *map(str, arguments)],
        env=os.environ | {"SYMRAY_HOME": str(home)},
        capture_output=True,
        text=True,
    )


def test_a_study_travels_and_is_tracked_afterwards(
    finished_study: StudyRecord,
    tmp_path: Path,
    write_study: Callable[[Path, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    """It finds what the same study has found on Ray, to the last bit."""
    here, there = tmp_path / "here", tmp_path / "there"
    file = write_study(tmp_path, "finished")
    begun = bare("run-trials", file, "--minutes", "0", home=here)
    assert begun.returncode == 130, begun.stderr
    assert "stopped with 0 of 3 trials" in begun.stderr
    assert f"go on with: symray run-trials {file}" in begun.stderr.replace("\n", " ")

    shutil.move(here, there)
    ended = bare("run-trials", there / "finished", home=tmp_path / "elsewhere")
    assert ended.returncode == 0, ended.stderr
    assert "next: symray reconcile finished" in ended.stdout
    assert not (tmp_path / "elsewhere").exists()

    monkeypatch.setenv("SYMRAY_HOME", str(there))
    record = StudyRecord.open("finished")
    assert record.complete
    for ours, theirs in zip(record.trials(), finished_study.trials(), strict=True):
        assert ours.params == theirs.params
        assert ours.values == theirs.values
    for name in ("trials/0002", "confirmation"):
        folders = sorted(path.parent for path in (there / "finished" / name).rglob("metrics.jsonl"))
        assert folders
        for folder in folders:
            same = finished_study.folder / folder.relative_to(there / "finished")
            values = [line["values"] for line in metric_lines(folder)]
            assert values == [line["values"] for line in metric_lines(same)]

    assert reconcile(record)
    assert reconcile(record) == []
    assert_ledger(record)


def test_trials_of_a_pack_are_trained_together(
    study_home: Path,
    tmp_path: Path,
    write_study: Callable[[Path, str], Path],
    run: Callable[..., Result],
) -> None:
    file = write_study(tmp_path, "packed")
    sets = ["--set", "resources.pack=2", "--set", "concurrency=2", "--set", "confirmation.top=0"]
    result = run("run-trials", file, *sets)
    assert result.exit_code == 0, result.output
    record = StudyRecord.open("packed")
    starts = [
        event
        for number in range(3)
        for event in jsonl.read(record.trial_folder(number) / "events.jsonl", forms.event)
        if event["event"] == "start"
    ]
    assert [event["pack"] for event in starts] == [2, 2, 2]
    first, second, _ = (_epochs(record, number) for number in range(3))
    assert first[0] < second[-1]
    assert second[0] < first[-1]  # side by side


def _epochs(record: StudyRecord, number: int) -> list[float]:
    return [line["time"] for line in metric_lines(record.trial_folder(number))]


def test_a_study_on_a_store_is_kept_there(
    s3_address: str,
    study_home: Path,
    tmp_path: Path,
    write_study: Callable[[Path, str], Path],
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The home can be lost with the machine."""
    monkeypatch.setenv("SYMRAY_STORE", s3_address)
    file = write_study(tmp_path, "stored")
    result = run("run-trials", file, "--set", "trials=1", "--set", "confirmation.top=0")
    assert result.exit_code == 0, result.output
    shutil.rmtree(study_home)
    record = StudyRecord.open("stored")
    assert record.complete
    assert [line["epoch"] for line in metric_lines(record.trial_folder(0))] == [1, 2]


def test_what_is_no_study_is_refused(tmp_path: Path, run: Callable[..., Result]) -> None:
    empty = run("run-trials", tmp_path)
    assert empty.exit_code == 2
    assert f"{tmp_path} is no study's folder: it has no study.yaml" in " ".join(
        empty.output.split()
    )
    nothing = run("run-trials", tmp_path / "gone.yaml")
    assert nothing.exit_code == 2
    assert "gone.yaml" in nothing.output


def test_a_study_file_cannot_be_changed_any_more(
    finished_study: StudyRecord, run: Callable[..., Result]
) -> None:
    result = run("run-trials", finished_study.folder, "--set", "trials=9")
    assert result.exit_code == 2
    assert "--set changes a study file" in result.output
