"""Where MLflow is, and how its embedded store comes to be."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from symray.record.home import home
from symray.tracking.client import (
    artifact_root,
    brief,
    experiment_id,
    make_client,
    shown_uri,
    tracking_uri,
)

ASK = """
from symray.tracking.client import make_client
print(len(make_client().search_experiments()))
"""


def ask() -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True)


def test_the_store_is_made_whole_whoever_is_killed_or_makes_it_too(study_home: Path) -> None:
    killed = ask()
    while not list(study_home.glob("mlflow-*/mlflow.db")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (study_home / "mlflow.db").exists()
    (half_made,) = study_home.glob("mlflow-*")

    other = ask()
    while len(list(study_home.glob("mlflow-*"))) < 2:
        assert other.poll() is None
        time.sleep(0.01)
    assert len(make_client().search_experiments()) == 1
    assert other.communicate()[0] == "1\n"
    assert {path.name for path in study_home.iterdir()} == {"mlflow.db", half_made.name}
    before = (study_home / "mlflow.db").stat()
    assert [e.name for e in make_client().search_experiments()] == ["Default"]
    assert (study_home / "mlflow.db").stat().st_ino == before.st_ino


def test_the_environment_names_another_place(
    study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shown_uri() == str(study_home / "mlflow.db")
    assert artifact_root() == study_home / "mlartifacts"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somewhere:5000")
    assert tracking_uri() == "http://somewhere:5000"
    assert artifact_root() is None
    make_client()
    assert not study_home.exists()


@pytest.mark.parametrize("name", ["a%20b%d", "a?b=c", "a#b", "a b", "ä日", "it's", "a&b;c", "[a]"])
def test_a_home_may_be_called_anything(
    name: str, embedded_store: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "odd" / name
    odd.mkdir(parents=True)
    shutil.copy(home() / "mlflow.db", odd)
    monkeypatch.setenv("SYMRAY_HOME", str(odd))
    client = make_client()
    run = client.create_run(experiment_id(client, "moons", "ours")).info.run_id
    client.log_text(run, "seen", "what.txt")
    assert mlflow.artifacts.load_text(client.get_run(run).info.artifact_uri + "/what.txt") == "seen"
    assert (odd / "mlartifacts" / "moons" / run / "artifacts" / "what.txt").read_text() == "seen"
    assert [path.name for path in odd.parent.iterdir()] == [name]
    with sqlite3.connect(odd / "mlflow.db") as store:
        assert store.execute("select name from experiments").fetchall()[-1] == ("moons",)


def test_a_study_has_one_experiment_and_a_deleted_one_comes_back(
    embedded_store: MlflowClient, study_home: Path
) -> None:
    identity = experiment_id(embedded_store, "moons", "ours")
    assert experiment_id(embedded_store, "moons", "ours") == identity
    experiment = embedded_store.get_experiment(identity)
    assert experiment.artifact_location == (study_home / "mlartifacts" / "moons").as_uri()
    embedded_store.delete_experiment(identity)
    assert experiment_id(embedded_store, "moons", "ours") == identity
    assert embedded_store.get_experiment(identity).lifecycle_stage == "active"


def sqlalchemy_error(said: str) -> OperationalError:
    return OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))


def test_an_error_in_few_words() -> None:
    assert brief(ValueError("two\n  lines")) == "two lines"
    assert brief(KeyError()) == "KeyError"
    assert brief(ValueError("long " * 100)).endswith("long long ...")
    with pytest.raises(MlflowException) as refused:
        MlflowClient("http://127.0.0.1:9").get_experiment_by_name("x")
    assert brief(refused.value) == "Connection refused"
    assert brief(sqlalchemy_error("no such table")) == "no such table"
