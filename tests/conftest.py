"""A study that has run, once for all tests that look at one; the ledger of its stores."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from filelock import FileLock
from mlflow import MlflowClient
from xdist.scheduler import LoadFileScheduling

from driving import run_here
from symray.driver.launch import launch
from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, outcome_of
from symray.search.pretraining import pretraining_folders
from symray.search.progress import Progress
from symray.study_file import load_study_file
from symray.tracking.client import experiment_id, make_client
from symray.tracking.names import task_of
from symray.tracking.run_contents import MLFLOW_STATUS

# A machine that does something else makes no property false.
hypothesis.settings.register_profile("symray", deadline=None)
hypothesis.settings.load_profile("symray")

# of tests/support
pytest_plugins = ["commands", "services", "nodes", "records", "stores", "strangers"]


class ClusterInOne(LoadFileScheduling):
    """A file's tests run in one process, all that start nodes in the same one.

    They mostly wait, beside tests that compute; two at a time they take twice as long.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "cluster" if "/cluster/" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ClusterInOne:
    return ClusterInOne(config, log)


SMALL = """\
study: {name}
model: stib
data: {{npz: data.npz}}
training: {{epochs: 2, steps_per_epoch: 5, batch_size: 32, hidden_width: 8, learning_rate: 1.0e-3}}
search:
  beta: {{low: 1, high: 1000, log: true}}
  lambda_growth: {{low: 1.0, high: 1.2}}
reference: {{beta: 400}}
objectives: {{mi_z0_y: minimize}}
constraints: ["x_mae <= 100", "y_mae <= 100"]
trials: 3
concurrency: 1
confirmation: {{top: 1, seeds: 2}}
"""

SPRITES = """\
study: sprites
model: non_syn
data: {dsprites: [1, 2, 10, 6, 8]}
training:
  epochs: 2
  steps_per_epoch: 5
  batch_size: 32
  learning_rate: 1.0e-2
  channels: 2
  hidden_width: 8
  latent_dims: 3
search:
  alpha: {choice: [1, 5]}
  omega: {choice: [0.9]}
objectives: {mig: maximize}
constraints: ["x_nats <= 5000"]
sampler: grid
repeats: 2
confirmation: {top: 1, seeds: 2}
"""

WriteStudy = Callable[[Path, str], Path]


@pytest.fixture(scope="session")
def write_study() -> WriteStudy:
    """Writes a study file ``NAME.yaml`` and its data into a folder; it runs for seconds."""

    def write(folder: Path, name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        x = np.random.default_rng(0).uniform(-4, 4, (1000, 2))
        np.savez(folder / "data.npz", x=x, y=np.sin(x.sum(axis=1, keepdims=True)))
        path = folder / f"{name}.yaml"
        path.write_text(SMALL.format(name=name))
        return path

    return write


@pytest.fixture
def study_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder of studies, which this process and its children use."""
    folder = tmp_path / "home"
    _use(folder, monkeypatch)
    return folder


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """The folder of a name, filled once for all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    in_common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name: str, fill: Callable[[Path], None]) -> Path:
        folder = in_common / name
        whole = folder / "whole"
        with FileLock(in_common / f"{name}.lock"):
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                whole.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def _finished(once: Once, write_study: WriteStudy) -> Path:
    def fill(folder: Path) -> None:
        (file,) = load_study_file(write_study(folder, "finished"))
        with pytest.MonkeyPatch.context() as patch:
            _use(folder / "home", patch)
            launch(file, Progress(), threading.Event())

    return once("finished", fill) / "home"


@pytest.fixture
def finished_study(_finished: Path, monkeypatch: pytest.MonkeyPatch) -> StudyRecord:
    """The complete study ``finished``, with a confirmation and a champion; only to be read."""
    _use(_finished, monkeypatch)
    return StudyRecord.open("finished")


@pytest.fixture(scope="session")
def _empty_store(once: Once) -> Path:
    """MLflow's database in a new home, which takes seconds to make."""

    def fill(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            _use(folder, patch)
            make_client()

    return once("empty", fill) / "mlflow.db"


@pytest.fixture
def embedded_store(
    _empty_store: Path, study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> MlflowClient:
    """The home's own MLflow, which is empty."""
    study_home.mkdir(parents=True, exist_ok=True)
    shutil.copy(_empty_store, study_home)
    return make_client()


@pytest.fixture
def own_copy(
    finished_study: StudyRecord,
    _empty_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> StudyRecord:
    """A copy of the finished study, alone in its home and in no MLflow, to be changed at will."""
    shutil.copytree(finished_study.folder, tmp_path / "copy" / finished_study.name)
    shutil.copy(_empty_store, tmp_path / "copy")
    _use(tmp_path / "copy", monkeypatch)
    return StudyRecord.open(finished_study.name)


@pytest.fixture(scope="session")
def _sprites(once: Once) -> Path:
    def fill(folder: Path) -> None:
        path = folder / "sprites.yaml"
        path.write_text(SPRITES)
        (file,) = load_study_file(path)
        with pytest.MonkeyPatch.context() as patch:
            _use(folder / "home", patch)
            patch.setenv("SYMRAY_CACHE", str(folder / "cache"))
            run_here(file)

    return once("sprites", fill)


@pytest.fixture
def sprites_study(_sprites: Path, monkeypatch: pytest.MonkeyPatch) -> StudyRecord:
    """The complete study ``sprites``, a grid on a small part of dSprites; only to be read."""
    _use(_sprites / "home", monkeypatch)
    monkeypatch.setenv("SYMRAY_CACHE", str(_sprites / "cache"))
    return StudyRecord.open("sprites")


def _use(home: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SYMRAY_HOME", str(home))
    for name in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS", "SYMRAY_DEBUG"):
        patch.delenv(name, raising=False)


@pytest.fixture
def assert_ledger() -> Callable[[StudyRecord], None]:
    """Checks that Optuna, the trials' folders and MLflow hold the same, whole, once."""

    def check(record: StudyRecord) -> None:
        client = make_client()
        runs = client.search_runs(
            [experiment_id(client, record.name, identity(record.folder))],
            "tags.`symray.kind` != 'study'",
            max_results=5000,
        )
        by_name = {task_of(run): run for run in runs}
        assert len(by_name) == len(runs), "a run stands twice"
        expected = {}
        for number, trial in enumerate(record.trials()):
            assert trial.number == number
            assert trial.state.is_finished()
            folder = record.trial_folder(number)
            expected[f"trial-{number:04d}"] = (folder, trial.state.name)
            assert len(metric_lines(folder)) == trial.user_attrs.get("epochs", 0)
        rest = {f"confirm-{folder.name}": folder for folder in record.confirmation_folders()}
        rest |= {f"pretraining-{f.name}": f for f in pretraining_folders(record.name)}
        for name, folder in rest.items():
            outcome = outcome_of(folder)
            assert outcome is not None
            expected[name] = (folder, outcome["state"])
        assert set(by_name) == set(expected)
        for name, (folder, state) in expected.items():
            run = by_name[name]
            assert run.info.status == MLFLOW_STATUS[state]
            lines = metric_lines(folder)
            assert [line["epoch"] for line in lines] == list(range(1, len(lines) + 1))
            recorded: dict[str, list[tuple[int, float]]] = {}
            for line in lines:
                for key, value in line["values"].items():
                    recorded.setdefault(key, []).append((line["epoch"], value))
            for key, points in recorded.items():
                history = client.get_metric_history(run.info.run_id, key)
                assert sorted((point.step, point.value) for point in history) == points, key

    return check
