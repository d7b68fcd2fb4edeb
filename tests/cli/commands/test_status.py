import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from symray.insight.status import status
from symray.record.study_record import StudyRecord

Run = Callable[..., Result]


def test_all_studies(finished_study: StudyRecord, run: Run) -> None:
    result = run("status")
    assert result.exit_code == 0
    head, row = result.stdout.splitlines()
    assert head.split() == ["study", "state", "trials", "best", "objectives", "model"]
    assert row.split()[:3] == ["finished", "complete", "3/3"]
    assert row.endswith("finished v1")
    assert json.loads(run("status", "--json").stdout)["studies"] == [status(finished_study)]


def test_one_study(finished_study: StudyRecord, run: Run) -> None:
    lines = run("status", "finished").stdout.splitlines()
    assert lines[:3] == [
        "study 'finished' is complete",
        "trials: 3 COMPLETE; 3 wanted",
        "confirmation: 2 trainings have ended",
    ]
    best = status(finished_study)["best"]
    assert lines[5].split()[:2] == [f"#{best['number']}", "yes"]
    assert json.loads(run("status", "finished", "--json").stdout) == status(finished_study)


def test_a_home_without_studies(study_home: Path, run: Run) -> None:
    assert f"no studies in {study_home} yet" in run("status").stdout
    assert json.loads(run("status", "--json").stdout) == {"studies": [], "on_store": []}


def test_studies_that_are_only_on_the_store_are_named(
    finished_study: StudyRecord, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("finished", "overnight"):
        shutil.copytree(finished_study.folder, tmp_path / name)
    (tmp_path / "_data").mkdir()
    monkeypatch.setenv("SYMRAY_STORE", f"file://{tmp_path}")
    _, here, there = run("status").stdout.splitlines()
    assert here.split()[:3] == ["finished", "complete", "3/3"]
    assert there.split() == ["overnight", "on", "the", "store", "symray", "status", "overnight"]
    assert json.loads(run("status", "--json").stdout)["on_store"] == ["overnight"]


def test_a_store_that_is_away_hides_no_study_that_is_here(
    finished_study: StudyRecord, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_STORE", "s3://nobody?scheme=http&endpoint_override=127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    result = run("status")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split()[:3] == ["finished", "complete", "3/3"]
    assert "only on the store are left out: the store s3://nobody" in result.stderr


def test_a_misspelt_name(finished_study: StudyRecord, run: Run) -> None:
    result = run("status", "finish")
    assert result.exit_code == 2
    assert "did you mean 'finished'?" in result.stderr


def test_a_broken_study_does_not_hide_the_others(own_copy: StudyRecord, run: Run) -> None:
    broken = own_copy.folder.parent / "broken"
    broken.mkdir()
    (broken / "study.yaml").write_text("study: [")
    result = run("status")
    assert result.exit_code == 0
    assert "unreadable" in result.stdout
    assert "3/3" in result.stdout


def test_a_study_nobody_drives_says_how_to_go_on(own_copy: StudyRecord, run: Run) -> None:
    own_copy.add_event("extend", trials=2)
    text = run("status", "finished").stdout
    assert "is interrupted" in text
    assert "3 COMPLETE; 5 wanted" in text
    assert "go on with: symray resume finished" in text
