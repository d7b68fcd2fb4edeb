"""The whole program, killed with SIGKILL at any moment and resumed: nothing lost, nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines
from symray.search.confirmation import read_confirmation
from symray.tracking.client import experiment_id, make_client
from symray.tracking.projector import reconcile

QUICKSTART = Path(__file__).parents[2] / "studies" / "quickstart.yaml"
BUDGET = [
    "trials=6",
    "training.epochs=6",
    "training.steps_per_epoch=40",
    "confirmation={top: 2, seeds: 2}",
    'constraints=["x_mae <= 100", "y_mae <= 100"]',
    "checkpoints.every=0.5s",
]


def symray(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from symray.cli.main import main; main()", *arguments]
    with log.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("seed", "pack"), [*((seed, "off") for seed in range(5)), (5, 3), (6, 3)])
def test_a_killed_study_ends_whole(
    seed: int,
    pack: str | int,
    study_home: Path,
    tmp_path: Path,
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    moments = random.Random(seed)
    log = tmp_path / "log"
    arguments = ["launch", str(QUICKSTART), "--name", "killed"]
    overrides = [*BUDGET, f"resources.pack={pack}"]
    arguments += [part for override in overrides for part in ("--set", override)]
    kills = 0
    while kills < 4:
        driver = symray(*arguments, log=log)
        try:
            driver.wait(moments.uniform(3, 30))
            break  # it came to its end before the kill
        except subprocess.TimeoutExpired:
            os.kill(driver.pid, signal.SIGKILL)
            driver.wait()
            kills += 1
        if (study_home / "killed" / "study.yaml").exists():
            arguments = ["resume", "killed"]
    last = symray(*arguments, log=log)
    assert last.wait(600) == 0, log.read_text()[-3000:]
    assert kills > 0

    record = StudyRecord.open("killed")
    assert record.complete
    assert len(record.trials()) == 6
    assert len(record.confirmation_folders()) == 4
    assert_ledger(record)
    result = read_confirmation(record)
    assert result is not None
    assert result["candidates"][0]["n"] == 2
    assert reconcile(record) == []
    client = make_client()
    running = client.search_runs(
        [experiment_id(client, "killed", identity(record.folder))], "attributes.status = 'RUNNING'"
    )
    assert not running
    version = client.get_model_version_by_alias("killed", "champion").version
    assert str(version) == "1"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_study_equals_one_that_was_not(
    study_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = []
    for kills in (0, 3):
        home = study_home / str(kills)
        monkeypatch.setenv("SYMRAY_HOME", str(home))
        moments = random.Random(kills)
        arguments = ["launch", str(QUICKSTART), "--name", "twin", "--set", "concurrency=1"]
        arguments += [part for override in BUDGET for part in ("--set", override)]
        for _ in range(kills):
            driver = symray(*arguments, log=tmp_path / "log")
            while not (home / "twin" / "trials" / "0000" / "metrics.jsonl").exists():
                time.sleep(0.1)
            time.sleep(moments.uniform(0, 12))
            os.kill(driver.pid, signal.SIGKILL)
            driver.wait()
            arguments = ["resume", "twin"]
        assert symray(*arguments, log=tmp_path / "log").wait(600) == 0
        records.append(StudyRecord.open("twin"))
    whole, killed = records
    for a, b in zip(whole.trials(), killed.trials(), strict=True):
        assert a.params == b.params
        lines = [metric_lines(record.trial_folder(a.number)) for record in records]
        assert [x["values"] for x in lines[0]] == [x["values"] for x in lines[1]]
    confirmed = [json.dumps(read_confirmation(record), sort_keys=True) for record in records]
    assert confirmed[0] == confirmed[1]
