"""Engines on several hosts, each with its pack; one of the hosts is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nodes import Nodes, wait_until
from symray.record.study_record import StudyRecord
from symray.record.task_folder import task_events

WriteStudy = Callable[[Path, str], Path]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_host_has_an_engine_and_a_lost_ones_trials_go_on(
    nodes: Nodes,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Callable[[StudyRecord], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = str(write_study(tmp_path, "engines"))
    options = ["training.epochs=40", "concurrency=6", "resources.pack=3", "checkpoints.every=0.1"]
    sets = [part for option in options for part in ("--set", option)]
    study = nodes.symray("launch", path, "--trials", "10", *sets)
    wait_until(lambda: nodes.epochs("engines") > 60, study)
    lost = nodes.workers[-1]
    lost.crash()
    assert study.wait(600) == 0, nodes.said()
    nodes.start_worker(lost)
    monkeypatch.setenv("SYMRAY_HOME", str(nodes.home))
    record = StudyRecord.open("engines")
    assert record.complete
    assert_ledger(record)
    events = [task_events(record.trial_folder(trial.number)) for trial in record.trials()]
    begun = {e["pid"] for trial in events for e in trial if e["event"] == "start"}
    assert 2 <= len(begun) <= 4
    lost_ones = [trial for trial in events if any(e["event"] == "worker lost" for e in trial)]
    assert 1 <= len(lost_ones) <= 3  # one engine's
    for trial in lost_ones:
        starts = [e for e in trial if e["event"] == "start"]
        assert starts[0]["pid"] != starts[-1]["pid"]
        assert all(e["pack"] == 3 for e in starts)
