import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from symray.insight.status import status
from symray.record.home import study_names
from symray.record.storage.file_lease import is_locked
from symray.record.study_record import StudyRecord

Run = Callable[..., Result]
WriteStudy = Callable[[Path, str], Path]


@pytest.fixture
def file(write_study: WriteStudy, tmp_path: Path, embedded_store: object) -> Path:
    return write_study(tmp_path, "first")


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "symray", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"ended with {process.wait()} before it said '{words}'")


def test_ctrl_c_stops_a_study_and_resume_completes_it(file: Path, run: Run) -> None:
    long = ("--set", "training.epochs=10", "--set", "confirmation={top: 1, seeds: 1}")
    process = start("launch", file, *long, "--json")
    wait_for(process, "[1/3]")
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "stopping: running trials write a checkpoint (Ctrl-C again to kill)" in error
    assert "of 3 trials; go on with: symray resume first" in error
    assert "Traceback" not in error
    assert run("launch", file).exit_code == 2

    result = run("resume", "first", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found == status(StudyRecord.open("first"))
    assert (found["state"], len(found["trials"])) == ("complete", 3)
    assert [trial["epochs"] for trial in found["trials"]] == [10, 10, 10]
    assert found["model"] == {"name": "first", "version": "1", "champion": "1"}
    again = run("launch", file, *long, "--or-resume", "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (0, found)
    other = run("launch", file, "--or-resume")
    assert other.exit_code == 2
    assert "exists in" in other.stderr
    assert "from another study file" in other.stderr


def test_a_driver_that_hangs_is_replaced_and_writes_nothing_more(
    file: Path, run: Run, assert_ledger: Callable[[StudyRecord], None]
) -> None:
    process = start("launch", file, "--set", "training.epochs=12", "--set", "checkpoints.every=0.1")
    wait_for(process, "[1/3]")
    os.kill(process.pid, signal.SIGSTOP)
    refused = run("resume", "first")
    assert refused.exit_code == 2
    assert "`symray resume first --take-over`" in refused.stderr
    result = run("resume", "first", "--take-over")
    assert result.exit_code == 0, result.stderr
    record = StudyRecord.open("first")
    before = (record.folder / "optuna.journal").read_bytes()
    os.kill(process.pid, signal.SIGCONT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 2, error
    assert "has taken study 'first' over; this driver stops and has written nothing" in error
    assert "Traceback" not in error
    assert (record.folder / "optuna.journal").read_bytes() == before
    assert_ledger(record)


def test_a_detached_study_is_extended_and_stopped_by_others(file: Path, run: Run) -> None:
    result = run("launch", file, "--name", "second", "--set", "training.epochs=9999", "--detach")
    assert result.exit_code == 0, result.output
    assert "symray stop second" in result.stderr
    record = StudyRecord.open("second")
    assert is_locked(record.folder)
    assert "the running driver" in run("extend", "second", "--trials", "2").stdout
    again = run("resume", "second", "--detach")
    assert again.exit_code == 2
    assert "is already being run by process" in again.stderr
    result = run("stop", "second")
    assert "of 5 trials; go on with: symray resume second" in result.stdout
    assert record.state() == "stopped"
    assert "go on with: symray resume second" in (record.folder / "driver.log").read_text()


def test_a_detached_launch_that_fails_says_why(file: Path, run: Run) -> None:
    result = run("launch", file, "--name", "no data", "--detach")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: --name no data: 'no data' is no name")


def test_a_dry_run_launches_nothing(file: Path, run: Run) -> None:
    result = run("launch", file, "--dry-run", "--trials", "2", "--set", "training.epochs=7")
    assert result.exit_code == 0, result.output
    assert ["#0", "400", "1"] in [line.split() for line in result.stdout.splitlines()]
    assert "at most 14 in the search and 14 in the confirmation" in result.stdout
    assert result.stdout.endswith("nothing was launched\n")
    assert "rows: 1000 read, 1000 used" in result.stdout
    assert study_names() == []
    result = run("launch", file, "--dry-run", "--json", "--name", "other")
    plan = json.loads(result.stdout)
    assert plan["data"]["rows"] == 1000
    assert plan["study"] == plan["file"]["study"] == "other"
    assert len(plan["first_trials"]) == 3


def test_a_suite_runs_member_by_member_and_goes_on_where_it_was(file: Path, run: Run) -> None:
    suite = file.with_name("suite.yaml")
    suite.write_text(
        f"extends: {file.name}\nmodel: null\nsuite: [vae, cvae]\nreference: false\n"
        "search: {beta: null, learning_rate: {low: 0.001, high: 0.01}}\n"
        "training: {learning_rate: null}\ntrials: 1\nconfirmation: {top: 0}\n"
        "objectives: {x_mae: minimize}\n"
    )
    plans = json.loads(run("launch", suite, "--dry-run", "--json").stdout)["studies"]
    assert [plan["study"] for plan in plans] == ["first-vae", "first-cvae"]
    result = run("launch", suite, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["studies"]
    assert [(s["study"], s["state"]) for s in found] == [
        ("first-vae", "complete"),
        ("first-cvae", "complete"),
    ]
    again = run("launch", suite)
    assert again.exit_code == 0, again.stderr
    assert "first-cvae: best of 1 completed trials" in again.stdout
    assert "X MAE" in again.stdout
    assert len(StudyRecord.open("first-vae").events("launch")) == 1
    changed = run("launch", suite, "--trials", "2")
    assert changed.exit_code == 2
    assert "study 'first-vae' exists" in changed.stderr
    assert "from another study file" in changed.stderr


def test_a_complete_study_is_shown_and_not_run_again(finished_study: StudyRecord, run: Run) -> None:
    before = finished_study.events()
    result = run("resume", "finished")
    assert result.exit_code == 0
    assert "registered as model finished" in result.stdout
    assert json.loads(run("resume", "finished", "--json").stdout) == status(finished_study)
    assert finished_study.events() == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--set", "training.epoch=3"), "did you mean 'epochs'?"),
        (("--set", "training.epochs"), "write --set KEY=VALUE"),
        (("--trials", "0"), "trials"),
        (("--name", "a b"), "--name a b: 'a b' is no name"),
    ],
)
def test_mistakes_are_found_before_anything_runs(
    options: tuple[str, ...], sentence: str, file: Path, run: Run
) -> None:
    result = run("launch", file, *options)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert study_names() == []
