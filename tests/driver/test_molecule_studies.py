"""The small studies of molecules, whole and on real data, killed in the middle of pretraining."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from optuna.trial import TrialState

from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line, metric_lines, outcome_of
from symray.search.pretraining import pretraining_folders

STUDIES = Path(__file__).parents[2] / "studies"
PATIENCE = 5400.0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache that both studies prepare their data in, the user's where SYMRAY_CACHE names it."""
    if not os.environ.get("SYMRAY_DATA"):
        pytest.skip("SYMRAY_DATA names no folder of real data")
    named = os.environ.get("SYMRAY_CACHE")
    return Path(named) if named else tmp_path_factory.mktemp("cache")


def symray(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "symray", *arguments]
    with log.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize(
    ("data", "target", "accuracy", "exact"),
    [("qm9", "gap_ev=6.5", 0.65, 1e-3), ("zinc", "0.8", 0.45, 0.0)],
)
def test_a_small_study_learns_and_survives_a_kill(
    data: str,
    target: str,
    accuracy: float,
    exact: float,
    prepared: Path,
    study_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYMRAY_CACHE", str(prepared))
    name, log = f"{data}-stib-small", tmp_path / "log"
    driver = symray("launch", str(STUDIES / data / "stib_small.yaml"), log=log)
    began = time.monotonic()
    while not (found := list((study_home / "_pretrained").glob("*/metrics.jsonl"))):
        assert driver.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.5)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert outcome_of(found[0].parent) is None, "the kill came too late"
    assert symray("resume", name, log=log).wait(PATIENCE) == 0, log.read_text()[-3000:]

    record = StudyRecord.open(name)
    (pretraining,) = pretraining_folders(name)
    epochs = metric_lines(pretraining)
    assert [line["epoch"] for line in epochs] == list(range(1, len(epochs) + 1))
    curve = [line["values"]["x_accuracy"] for line in epochs if "x_accuracy" in line["values"]]
    assert curve[-1] == max(curve) > curve[0] + 0.1
    assert not any(name.startswith(("mae_", "y_")) for line in epochs for name in line["values"])
    assert [trial.state for trial in record.trials()] == [TrialState.COMPLETE] * 4
    finals = [last_line(record.trial_folder(n))["values"] for n in range(4)]
    # a trial on the same molecules forgets a little while it learns to predict Y
    assert max(values["x_accuracy"] for values in finals) > max(accuracy, curve[-1] - 0.02)
    assert max(values["x_exact"] for values in finals) >= exact
    assert (record.folder / "champion" / "model" / "SHA256SUMS").exists()

    model = tmp_path / "model"
    download = ["models", "download", f"{name}@champion", "--to", str(model)]
    assert symray(*download, log=log).wait(600) == 0, log.read_text()[-3000:]
    generated = tmp_path / "generated"
    arguments = ["generate", str(model), "--target", target, "-n", "50"]
    assert symray(*arguments, log=generated).wait(600) == 0, generated.read_text()
    rows = list(csv.DictReader(io.StringIO(generated.read_text())))
    assert sum(bool(row["smiles"]) for row in rows) >= 5
