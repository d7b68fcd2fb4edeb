"""Models that go into the registry once and come out as they went in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.search.champion import digest, registered
from symray.tasks.task import Task
from symray.tracking.client import make_client, shown_uri, tracking_uri
from symray.tracking.model import download as downloads
from symray.tracking.model.package import write_sums
from symray.tracking.projection import Projection
from symray.tracking.registry import download, models, register
from symray.tracking.run_contents import all_contents
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle, verify_bundle
from symray.training.spec import TrialSpec

MakeRecord = Callable[..., StudyRecord]
AddTrial = Callable[..., Task]


BUNDLE = ("weights.safetensors", "config.json", "metrics.json")


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in BUNDLE}


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
) -> Callable[..., tuple[StudyRecord, Projection]]:
    """Makes trial NUMBER, of two in MLflow, the champion of a study, with this objective."""
    record = make_record()
    tasks = [add_trial(record, mi_z0_y=0.1, x_mae=0.5, y_mae=1.0) for _ in range(2)]

    def make(number: int, **metrics: float) -> tuple[StudyRecord, Projection]:
        found = {"mi_z0_y": 0.2 - 0.1 * number, "x_mae": 0.5, "y_mae": 1.0} | metrics
        settings = {"hidden_width": 8, "batch_size": 16, "epochs": 1, "steps_per_epoch": 1}
        spec = TrialSpec("vae", "artificial", settings, seed=number)
        values = {f"validation/{name}/mean": value for name, value in found.items()}
        save_bundle(record.folder / "champion" / "model", build_trainer(spec, "cpu"), spec, values)
        (record.folder / "champion" / "task.txt").write_text(tasks[number].name)
        projection = Projection(record, embedded_store)
        for contents in all_contents(record, live=False):
            projection.sync(contents)
        return record, projection

    return make


STANDS = {"name": "searched", "version": "1", "champion": "1"}
Crown = Callable[..., tuple[StudyRecord, Projection]]


def test_registering_again_makes_no_second_version(
    crown: Crown, embedded_store: MlflowClient
) -> None:
    record, projection = crown(0)
    assert registered(record) is None
    assert register(record, projection) == [
        "model searched version 1 registered",
        "model searched: version 1 is the champion",
    ]
    assert registered(record) == STANDS
    assert register(record, projection) == []
    (record.folder / "champion" / "registered.json").unlink()  # killed before it was written
    assert register(record, Projection(record, embedded_store)) == []
    assert registered(record) == STANDS
    assert len(embedded_store.search_model_versions("name = 'searched'")) == 1


def test_an_alias_that_was_lost_is_set_again(crown: Crown, embedded_store: MlflowClient) -> None:
    record, projection = crown(0)
    register(record, projection)
    embedded_store.delete_registered_model_alias("searched", "champion")
    assert register(record, projection) == ["model searched: version 1 is the champion"]
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
    assert register(record, projection) == [
        "model searched version 2 registered",
        "model searched: version 2 is the champion instead of 1: that one is the same model, "
        "of a run that is gone",
    ]
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
    assert register(record, projection) == [
        "model searched version 2 registered",
        "model searched: version 2 is the champion instead of 1: mi_z0_y 0.1 against 0.2",
    ]
    assert contents(download("searched:1", tmp_path / "old")) == old
    new = contents(record.folder / "champion" / "model")
    assert contents(download("searched", tmp_path / "new")) == new != old
    with pytest.raises(UserError, match="has no version 3; it has versions 1, 2 and aliases"):
        download("searched:3", tmp_path / "none")


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"mi_z0_y": 0.3}, "mi_z0_y 0.3 against 0.2"),
        ({"mi_z0_y": 0.2}, "mi_z0_y 0.2 against 0.2"),
        ({"x_mae": 9.0}, "mi_z0_y 0.1 against 0.2, it does not keep the constraints"),
    ],
)
def test_a_champion_that_is_not_better_leaves_the_alias_where_it_is(
    crown: Crown, embedded_store: MlflowClient, worse: dict[str, float], why: str
) -> None:
    register(*crown(0))
    record, projection = crown(1, **worse)
    assert register(record, projection) == [
        "model searched version 2 registered",
        f"model searched: version 1 stays the champion: 2 has {why}",
    ]
    found = embedded_store.get_model_version_by_alias("searched", "champion")
    assert int(found.version) == 1
    assert registered(record) == {"name": "searched", "version": "2", "champion": "1"}
    assert register(record, projection) == []


def test_what_was_edited_by_hand_is_set_right(crown: Crown, embedded_store: MlflowClient) -> None:
    record, projection = crown(0)
    register(record, projection)
    before = embedded_store.get_model_version("searched", "1")
    embedded_store.set_model_version_tag("searched", "1", "metrics.validation/mi_z0_y/mean", "0")
    embedded_store.update_model_version("searched", "1", "the best model of all")
    assert register(record, projection) == [
        "model searched version 1: description, metrics.validation/mi_z0_y/mean set"
    ]
    after = embedded_store.get_model_version("searched", "1")
    assert (after.tags, after.description) == (before.tags, before.description)
    assert after.tags["metrics.validation/mi_z0_y/mean"] == "0.2"


def test_a_version_says_what_it_is(finished_study: StudyRecord) -> None:
    client = make_client()
    version = client.get_model_version_by_alias("finished", "champion")
    for words in (
        "# stib on data.npz, champion",
        "seed",
        "minimize `mi_z0_y`",
        "test (n = 2)",
        "## Licence",
    ):
        assert words in version.description
    test = json.loads((finished_study.folder / "confirmation.json").read_text())["test"]
    assert float(version.tags["metrics.test/x_mae/mean"]) == pytest.approx(
        test["x_mae"]["mean"], rel=1e-5
    )
    assert version.tags["symray.code"]
    (output,) = client.get_run(version.run_id).outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert logged.source_run_id == version.run_id
    assert json.loads(logged.tags["mlflow.modelVersions"]) == [{"name": "finished", "version": "1"}]


def test_a_driver_that_died_before_the_version_was_made_leaves_no_second_model(
    crown: Crown, embedded_store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, projection = crown(0)
    with monkeypatch.context() as patch:
        patch.setattr(projection, "client", MlflowClient(tracking_uri()))
        patch.delattr(MlflowClient, "create_model_version")
        with pytest.raises(AttributeError):
            register(record, projection)
    register(record, projection)
    assert len(embedded_store.search_logged_models([projection.experiment])) == 1


@pytest.mark.parametrize("name", ["weights.safetensors", "config.json", "metrics.json", "model.py"])
@pytest.mark.parametrize("harm", ["is damaged", "is missing"])
def test_a_model_damaged_in_the_store_does_not_come_out(
    crown: Crown, study_home: Path, tmp_path: Path, name: str, harm: str
) -> None:
    register(*crown(0))
    (stored,) = (study_home / "mlartifacts").rglob(f"artifacts/{name}")
    if harm == "is missing":
        stored.unlink()
    else:
        stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(UserError, match=f"{name} {harm}"):
        download("searched", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_files_that_were_changed_with_their_checksums_are_refused(
    crown: Crown, study_home: Path, tmp_path: Path
) -> None:
    register(*crown(0))
    (stored,) = (study_home / "mlartifacts").rglob("artifacts/model.py")
    stored.write_text("import os; os.system('rm -rf ~')")
    write_sums(stored.parent)
    with pytest.raises(UserError, match="not those that were registered"):
        download("searched", tmp_path / "model")
    assert list(tmp_path.glob("*model*")) == []


def test_a_download_that_broke_off_goes_on(
    crown: Crown, study_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(*crown(0))
    fetched: list[str] = []

    def breaks_off(address: str, name: str, folder: Path) -> Path:
        if len(fetched) == 4:
            raise ConnectionError("broken off")
        fetched.append(name)
        return fetch(address, name, folder)

    fetch = downloads._fetch
    monkeypatch.setattr(downloads, "_fetch", breaks_off)
    with pytest.raises(UserError, match="broken off"):
        download("searched", tmp_path / "model")
    assert not (tmp_path / "model").exists()
    once, fetched[:] = fetched[1:], []
    (tmp_path / ".model.part" / once[0]).write_bytes(b"half")
    monkeypatch.setattr(downloads, "_fetch", fetch)
    monkeypatch.setattr(
        downloads, "_fetch", lambda *given: (fetched.append(given[1]), fetch(*given))[1]
    )
    folder = download("searched", tmp_path / "model")
    verify_bundle(folder)
    assert once[0] in fetched
    assert not set(once[1:]) & set(fetched)
    assert not (tmp_path / ".model.part").exists()


def test_a_version_of_before_models_were_packaged_still_comes_out(
    crown: Crown, embedded_store: MlflowClient, tmp_path: Path
) -> None:
    record, projection = crown(0)
    bundle, run_id = record.folder / "champion" / "model", projection.run_id("trial-0000")
    projection.upload("trial-0000", bundle)
    embedded_store.create_registered_model("searched", {"symray.study": "searched"})
    embedded_store.create_model_version(
        "searched", f"runs:/{run_id}/model", run_id, tags={"symray.sha256": digest(record)}
    )
    embedded_store.set_registered_model_alias("searched", "champion", "1")
    folder = download("searched", tmp_path / "model")
    assert contents(folder) == contents(bundle)
    load_bundle(folder)
    assert not any("registered" in words for words in register(record, projection))
    assert contents(download("searched", tmp_path / "again")) == contents(bundle)
    better, projection = crown(1)
    assert register(better, projection)[1].startswith("model searched: version 2 is the champion")


def test_a_server_that_is_away_is_said_in_one_sentence(
    study_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="does not answer as it should"):
        download("finished", tmp_path / "model")
    with pytest.raises(UserError, match="does not answer as it should"):
        models()
