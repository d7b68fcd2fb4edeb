"""Models that go into the registry once and come out as they went in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.search.champion import registered
from symray.tasks.task import Task
from symray.tracking.client import shown_uri
from symray.tracking.projection import Projection
from symray.tracking.registry import download, models, register
from symray.tracking.run_contents import all_contents
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle
from symray.training.spec import TrialSpec

MakeRecord = Callable[..., StudyRecord]
AddTrial = Callable[..., Task]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("reference", ["finished", "finished@champion", "finished:1"])
def test_a_champion_comes_out_as_it_went_in(
    finished_study: StudyRecord, tmp_path: Path, reference: str
) -> None:
    folder = download(reference, tmp_path / "model")
    assert folder == tmp_path / "model"
    assert contents(folder) == contents(finished_study.folder / "champion" / "model")
    assert load_bundle(folder).metrics["test/n"] == 2


def test_an_empty_folder_is_filled(finished_study: StudyRecord, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert (download("finished", tmp_path / "model") / "weights.safetensors").exists()


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("finishd", "there is no registered model 'finishd' at {}; did you mean 'finished'?"),
        ("moons", "there is no registered model 'moons' at {}; valid names: finished"),
        (
            "finished:7",
            "model 'finished' has no version 7; it has versions 1 and aliases champion",
        ),
        (
            "finished@best",
            "model 'finished' has no alias 'best'; it has versions 1 and aliases champion",
        ),
        ("finished@a@b", "'finished@a@b' is no model; write NAME, NAME@alias or NAME:version"),
        ("finished:one", "'finished:one' is no model; write NAME, NAME@alias or NAME:version"),
        ("", "'' is no model; write NAME, NAME@alias or NAME:version"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(
    finished_study: StudyRecord, tmp_path: Path, reference: str, sentence: str
) -> None:
    with pytest.raises(UserError) as error:
        download(reference, tmp_path / "model")
    assert str(error.value) == sentence.format(shown_uri())
    assert not (tmp_path / "model").exists()


def test_nothing_is_written_over(finished_study: StudyRecord, tmp_path: Path) -> None:
    for taken in (tmp_path / "folder", tmp_path / "file"):
        if taken.name == "folder":
            taken.mkdir()
            (taken / "mine.txt").write_text("mine")
        else:
            taken.write_text("mine")
        with pytest.raises(UserError) as error:
            download("finished", taken)
        assert str(error.value) == f"{taken} exists already; name another folder with --to"
    assert (tmp_path / "folder" / "mine.txt").read_text() == "mine"


def test_the_list_of_models(finished_study: StudyRecord) -> None:
    (model,) = models()
    assert {name: model[name] for name in ("name", "versions", "champion")} == {
        "name": "finished",
        "versions": "1",
        "champion": "1",
    }
    assert model["run_id"]


@pytest.fixture
def crown(
    make_record: MakeRecord, add_trial: AddTrial, embedded_store: MlflowClient
) -> Callable[[int], tuple[StudyRecord, Projection]]:
    """Makes trial NUMBER, of two in MLflow, the champion of a study."""
    record = make_record()
    tasks = [add_trial(record, mi_z0_y=0.1, x_mae=0.5, y_mae=1.0) for _ in range(2)]

    def make(number: int) -> tuple[StudyRecord, Projection]:
        settings = {"hidden_width": 8, "batch_size": 16, "epochs": 1, "steps_per_epoch": 1}
        spec = TrialSpec("vae", "artificial", settings, seed=number)
        save_bundle(record.folder / "champion" / "model", build_trainer(spec, "cpu"), spec, {})
        (record.folder / "champion" / "task.txt").write_text(tasks[number].name)
        projection = Projection(record, embedded_store)
        for contents in all_contents(record, live=False):
            projection.sync(contents)
        return record, projection

    return make


Crown = Callable[[int], tuple[StudyRecord, Projection]]


def test_registering_again_makes_no_second_version(
    crown: Crown, embedded_store: MlflowClient
) -> None:
    record, projection = crown(0)
    assert registered(record) is None
    assert register(record, projection) == ["model searched version 1 registered"]
    assert registered(record) == {"name": "searched", "version": "1"}
    assert register(record, projection) == []
    (record.folder / "champion" / "registered.json").unlink()  # killed before it was written
    assert register(record, Projection(record, embedded_store)) == []
    assert registered(record) == {"name": "searched", "version": "1"}
    assert len(embedded_store.search_model_versions("name = 'searched'")) == 1


def test_an_alias_that_was_lost_is_set_again(crown: Crown, embedded_store: MlflowClient) -> None:
    record, projection = crown(0)
    register(record, projection)
    embedded_store.delete_registered_model_alias("searched", "champion")
    assert register(record, projection) == ["model searched: version 1 is the champion again"]
    assert register(record, projection) == []
    found = embedded_store.get_model_version_by_alias("searched", "champion")
    assert int(found.version) == 1


def test_a_model_whose_run_was_deleted_is_registered_again_with_the_new_one(
    crown: Crown, embedded_store: MlflowClient, tmp_path: Path
) -> None:
    record, projection = crown(0)
    register(record, projection)
    embedded_store.delete_run(projection.run_id("trial-0000"))
    record, projection = crown(0)
    assert register(record, projection) == ["model searched version 2 registered"]
    found = embedded_store.get_model_version_by_alias("searched", "champion")
    assert found.run_id == projection.run_id("trial-0000")
    folder = download("searched", tmp_path / "model")
    assert contents(folder) == contents(record.folder / "champion" / "model")


def test_a_new_champion_is_a_new_version_and_the_old_one_stays(
    crown: Crown, embedded_store: MlflowClient, tmp_path: Path
) -> None:
    record, projection = crown(0)
    register(record, projection)
    old = contents(record.folder / "champion" / "model")
    record, projection = crown(1)
    assert registered(record) is None
    assert register(record, projection) == ["model searched version 2 registered"]
    assert contents(download("searched:1", tmp_path / "old")) == old
    new = contents(record.folder / "champion" / "model")
    assert contents(download("searched", tmp_path / "new")) == new != old
    with pytest.raises(UserError, match="has no version 3; it has versions 1, 2 and aliases"):
        download("searched:3", tmp_path / "none")


@pytest.mark.parametrize("name", ["weights.safetensors", "config.json", "metrics.json"])
@pytest.mark.parametrize("harm", ["is damaged", "is missing"])
def test_a_model_damaged_in_the_store_does_not_come_out(
    crown: Crown, study_home: Path, tmp_path: Path, name: str, harm: str
) -> None:
    register(*crown(0))
    (stored,) = (study_home / "mlartifacts").rglob(f"model/{name}")
    if harm == "is missing":
        stored.unlink()
    else:
        stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(UserError, match=f"{name} {harm}: download the model again"):
        download("searched", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_server_that_is_away_is_said_in_one_sentence(
    study_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="does not answer as it should"):
        download("finished", tmp_path / "model")
    with pytest.raises(UserError, match="does not answer as it should"):
        models()
