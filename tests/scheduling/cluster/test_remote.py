"""A study on a Ray cluster of several hosts, driven from outside as a user would."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import ray

from nodes import BIN, Nodes, wait_until
from symray.record.study_record import StudyRecord
from symray.scheduling.cluster.remote import SEE_PACKAGES

WriteStudy = Callable[[Path, str], Path]
Symray = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def symray(nodes: Nodes, tmp_path: Path) -> Symray:
    """Runs the command on a machine outside the cluster that has its token."""

    def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(BIN / "symray"), *arguments, "--address", nodes.dashboard],
            env=nodes.outside | env,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=300,
        )

    return run


@pytest.fixture
def opened(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], StudyRecord]:
    """Opens a study of the cluster."""
    monkeypatch.setenv("SYMRAY_HOME", str(nodes.home))
    return StudyRecord.open


def test_a_study_is_launched_from_outside_with_what_it_needs(
    nodes: Nodes,
    symray: Symray,
    tmp_path: Path,
    write_study: WriteStudy,
    opened: Callable[[str], StudyRecord],
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    write_study(tmp_path, "shipped")  # its data are a file beside it
    done = symray("launch", "shipped.yaml", "--name", "first", "--set", "concurrency=2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "study 'first': 0 of 3 trials done, searching" in done.stdout
    assert "registered as model first, version 1 (champion)" in done.stdout
    assert "===" not in done.stdout
    assert "entrypoint" not in done.stdout
    assert not (tmp_path / "runs").exists()
    record = opened("first")
    assert record.complete
    assert_ledger(record)
    data = Path(record.file.data_spec()["npz"])  # type: ignore[index]
    assert data.parent == nodes.home / "_data"

    by_variable = subprocess.run(
        [str(BIN / "symray"), "status", "first", "--json"],
        env=nodes.outside | {"SYMRAY_ADDRESS": nodes.dashboard},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert by_variable.returncode == 0, by_variable.stderr
    assert json.loads(by_variable.stdout)["state"] == "complete"


@pytest.mark.slow
def test_a_study_is_left_alone_stopped_and_gone_on_with(
    nodes: Nodes,
    symray: Symray,
    tmp_path: Path,
    write_study: WriteStudy,
    opened: Callable[[str], StudyRecord],
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    write_study(tmp_path, "left")
    left = symray("launch", "left.yaml", "--set", "training.epochs=40", "--detach")
    assert left.returncode == 0, left.stderr
    assert "study 'left' runs on the cluster as job symray-left-" in left.stderr
    stopped = symray("stop", "left")
    assert "study 'left' stopped with" in stopped.stdout
    log = symray("logs", "left")
    assert "study 'left': 0 of 3 trials done, searching" in log.stdout
    resumed = symray("resume", "left")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    record = opened("left")
    assert record.complete
    assert_ledger(record)

    told = symray("status", "left", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["state"] == "complete"
    for detach in ([], ["--detach"]):
        again = symray("launch", "left.yaml", *detach)
        assert again.returncode == 2, again.stderr
        assert again.stdout.startswith(f"Error: study 'left' exists in {nodes.home}")
        assert "Traceback" not in again.stdout + again.stderr
        if not detach:
            assert f"commands there take --address {nodes.dashboard}" in again.stderr


@pytest.mark.slow
def test_ctrl_c_stops_a_study_there(
    nodes: Nodes, tmp_path: Path, write_study: WriteStudy, opened: Callable[[str], StudyRecord]
) -> None:
    write_study(tmp_path, "left-early")
    options = ["--set", "training.epochs=2000", "--address", nodes.dashboard]
    study = subprocess.Popen(
        [str(BIN / "symray"), "launch", "left-early.yaml", *options],
        env=nodes.outside,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    wait_until(lambda: nodes.epochs("left-early") > 1, study)
    study.send_signal(signal.SIGINT)
    out, error = study.communicate(timeout=180)
    assert study.returncode == 130, error
    assert "study 'left-early' stopped with 0 of 3 trials" in out
    assert f"symray resume left-early --address {nodes.dashboard}" in error
    assert "Traceback" not in out + error
    assert opened("left-early").state() == "stopped"


def test_a_head_whose_python_is_another_one_is_one_sentence(tmp_path: Path) -> None:
    for options, code in (([], 0), (["-S"], 2)):  # without its site-packages
        command = [sys.executable, *options, "-c", SEE_PACKAGES]
        seen = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert seen.returncode == code, seen.stderr
        assert seen.stdout.startswith("Error: ") == (code == 2)
        assert seen.stdout.count("\n") == (code == 2)


@pytest.mark.usefixtures("ray_nodes")  # which alone has a token
@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"RAY_AUTH_TOKEN": "x" * 40}, "refuses the token"),
        ({"RAY_AUTH_MODE": "disabled"}, "wants a token and got none"),
    ],
)
def test_a_wrong_or_missing_token_is_one_sentence(
    symray: Symray, env: dict[str, str], sentence: str
) -> None:
    refused = symray("status", **env)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert sentence in refused.stderr
    assert "~/.ray/auth_token" in refused.stderr


@pytest.mark.usefixtures("ray_nodes")
def test_attaching_with_a_wrong_token_or_to_nothing_is_one_sentence(
    nodes: Nodes, tmp_path: Path, write_study: WriteStudy
) -> None:
    path = str(write_study(tmp_path, "attached"))
    wrong = nodes.run(
        str(BIN / "symray"), "launch", path, "--address", nodes.gcs, RAY_AUTH_TOKEN="x" * 40
    )
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f"Error: the Ray cluster at {nodes.gcs} refuses the token: copy")
    assert wrong.stderr.count("\n") == 1
    away = nodes.run(str(BIN / "symray"), "launch", path, "--address", nodes.nowhere)
    assert away.returncode == 2
    assert f"Error: no Ray cluster answers at {nodes.nowhere}" in away.stderr
    assert "Traceback" not in away.stderr + wrong.stderr


OTHER_RAY = """
import ray
from symray.errors import UserError
from symray.scheduling.cluster.attached import start_ray
ray.__version__ = "1.0.0"
try:
    start_ray()
except UserError as error:
    print(error)
"""


def test_attaching_with_another_version_of_ray_is_one_sentence(nodes: Nodes) -> None:
    other = nodes.run(sys.executable, "-c", OTHER_RAY, RAY_ADDRESS=nodes.gcs)
    assert other.stderr == ""
    assert other.stdout.count("\n") == 1
    assert f"the Ray cluster at {nodes.gcs} is of other versions than this command" in other.stdout
    assert f"Ray: {ray.__version__} " in other.stdout
    assert "Ray: 1.0.0 " in other.stdout


@pytest.mark.slow
def test_two_studies_share_a_cluster(
    nodes: Nodes,
    tmp_path: Path,
    write_study: WriteStudy,
    opened: Callable[[str], StudyRecord],
) -> None:
    """The second one gets a worker while the first, which took both, still has trials to run."""
    options = ["--set", "concurrency=null", "--set"]
    path = str(write_study(tmp_path, "greedy"))
    first = nodes.symray("launch", path, "--trials", "8", *options, "training.epochs=300")
    wait_until(lambda: _started(nodes, "greedy") >= 2, first)
    path = str(write_study(tmp_path, "late"))
    second = nodes.symray("launch", path, "--trials", "2", *options, "training.epochs=60")
    wait_until(lambda: _started(nodes, "late") >= 1, second)
    greedy = opened("greedy")
    assert len([t for t in greedy.trials() if t.state.is_finished()]) < 8
    assert first.wait(300) == 0, nodes.said()
    assert second.wait(300) == 0, nodes.said()
    assert opened("late").complete
    assert greedy.complete


@pytest.mark.slow  # the short soak loses nodes too
def test_a_node_is_lost_and_the_study_goes_on(
    nodes: Nodes,
    tmp_path: Path,
    write_study: WriteStudy,
    opened: Callable[[str], StudyRecord],
    assert_ledger: Callable[[StudyRecord], None],
) -> None:
    path = str(write_study(tmp_path, "crashed"))
    options = ["training.epochs=40", "concurrency=2", "checkpoints.every=0.1"]
    sets = [part for option in options for part in ("--set", option)]
    study = nodes.symray("launch", path, "--trials", "4", *sets)
    wait_until(lambda: nodes.epochs("crashed") > 8, study)
    lost = nodes.workers[-1]
    lost.crash()
    assert study.wait(300) == 0, nodes.said()
    nodes.start_worker(lost)
    record = opened("crashed")
    assert record.complete
    assert_ledger(record)
    losses = [e for t in record.trials() for e in _losses(record, t.number)]
    assert len(losses) == 1
    assert "lost its worker" in nodes.said()
    assert "goes on from its last checkpoint" in nodes.said()


def _started(nodes: Nodes, study: str) -> int:
    return sum(1 for _ in (nodes.home / study).glob("trials/*/events.jsonl"))


def _losses(record: StudyRecord, number: int) -> list[str]:
    path = record.trial_folder(number) / "losses.jsonl"
    return path.read_text().splitlines() if path.exists() else []
