"""Predictions from files, against the networks called by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from symray.errors import UserError
from symray.insight import predict as predicting
from symray.insight.predict import check_suffix, model_folder, predict, write_predictions
from symray.record.study_record import StudyRecord
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle
from symray.training.loaded import LoadedModel
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

X = np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(9, 1)).astype(np.float32)
SMALL = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 3, "epochs": 1}

Made = tuple[LoadedModel, Trainer]


def made(tmp_path: Path, model: str) -> Made:
    """A model trained on data far from the networks' units, and its trainer."""
    x = np.random.default_rng(0).normal(50, 20, (600, 2))
    np.savez(tmp_path / "data.npz", x=x, y=x[:, :1] / 10 - 3)
    data = {"npz": str(tmp_path / "data.npz"), "x": "x", "y": "y"}
    spec = TrialSpec(model, data, dict(SMALL), seed=3)
    trainer = build_trainer(spec, device="cpu")
    trainer.run_epoch()
    return load_bundle(save_bundle(tmp_path / "model", trainer, spec, {})), trainer


@pytest.fixture
def stib(tmp_path: Path) -> Made:
    return made(tmp_path, "stib")


@pytest.fixture
def cvae(tmp_path: Path) -> Made:
    return made(tmp_path, "cvae")


def npz(tmp_path: Path, **arrays: np.ndarray) -> Path:
    np.savez(tmp_path / "points.npz", **arrays)  # type: ignore[arg-type]
    return tmp_path / "points.npz"


def test_predictions_are_what_the_networks_give_in_the_datas_units(
    tmp_path: Path, stib: Made
) -> None:
    loaded, trainer = stib
    transform = trainer.data.transforms
    with torch.inference_mode():
        x = ((torch.from_numpy(X) - transform.x.shift) / transform.x.scale).float()
        mean = trainer.model.eval().posterior(x)[0]
        y = trainer.model.predict(mean) * transform.y.scale + transform.y.shift
        x_hat = trainer.model.decode(mean) * transform.x.scale + transform.x.shift
    predicted = predict(loaded, npz(tmp_path, x=X), codes=True)
    assert list(predicted) == ["y", "x_hat", "z0", "z1"]
    for name, expected in {"y": y, "x_hat": x_hat, "z0": mean[:, :2], "z1": mean[:, 2:]}.items():
        np.testing.assert_allclose(predicted[name], expected.numpy(), rtol=1e-5, atol=1e-5)


def test_a_conditional_model_is_told_y_and_predicts_none(tmp_path: Path, cvae: Made) -> None:
    loaded, _ = cvae
    predicted = predict(loaded, npz(tmp_path, x=X, y=Y))
    assert list(predicted) == ["x_hat"]
    np.testing.assert_array_equal(predicted["x_hat"], loaded.reconstruct(X, Y))
    with pytest.raises(UserError, match="there is no array 'y'"):
        predict(loaded, npz(tmp_path, x=X))


def test_csv_and_npz_give_the_same_however_many_rows_at_a_time(
    tmp_path: Path, cvae: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, _ = cvae
    whole = predict(loaded, npz(tmp_path, x=X, y=Y), codes=True)
    table = tmp_path / "points.csv"
    np.savetxt(table, np.hstack([X, Y]), delimiter=",", header="x1,x2,y1", comments="", fmt="%.9g")
    monkeypatch.setattr(predicting, "CHUNK", 4)
    parts = predict(loaded, table, codes=True)
    assert parts.keys() == whole.keys()
    for name in whole:
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-6, atol=1e-6)


def test_what_was_written_is_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = {"y": Y, "x_hat": X, "z0": X}
    write_predictions(arrays, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as file:
        assert {name: file[name].tolist() for name in file} == {
            name: array.tolist() for name, array in arrays.items()
        }
    write_predictions(arrays, tmp_path / "out.csv")
    write_predictions(arrays, None)
    assert (tmp_path / "out.csv").read_text() == capsys.readouterr().out
    header, *lines = (tmp_path / "out.csv").read_text().splitlines()
    assert header == "y1,x_hat1,x_hat2,z0_1,z0_2"
    numbers = np.array([line.split(",") for line in lines], dtype=np.float32)
    np.testing.assert_array_equal(numbers, np.hstack([Y, X, X]))
    with pytest.raises(UserError, match="can't be written: No such file"):
        write_predictions(arrays, tmp_path / "nowhere" / "out.csv")


def test_files_that_can_not_be_used(tmp_path: Path, stib: Made) -> None:
    loaded, _ = stib
    with pytest.raises(UserError, match=r"name it \.npz or \.csv"):
        check_suffix(tmp_path / "points.txt")
    with pytest.raises(UserError, match="there is no file"):
        predict(loaded, tmp_path / "missing.npz")
    with pytest.raises(UserError, match="there is no array 'x'; valid names: a"):
        predict(loaded, npz(tmp_path, a=X))
    with pytest.raises(UserError, match="'x' is 1 wide, but the model was trained on 2 columns"):
        predict(loaded, npz(tmp_path, x=Y))
    broken = X.copy()
    broken[4, 1] = np.nan
    with pytest.raises(UserError, match="the first is row 4"):
        predict(loaded, npz(tmp_path, x=broken))


def test_a_model_is_a_folder_or_a_name_in_the_registry(finished_study: StudyRecord) -> None:
    folder = finished_study.folder / "champion" / "model"
    with model_folder(str(folder)) as found:
        assert found == folder
    for reference in ("finished", "finished@champion", "finished:1"):
        with model_folder(reference) as found:
            assert found != folder
            for name in ("weights.safetensors", "config.json", "metrics.json"):
                assert (found / name).read_bytes() == (folder / name).read_bytes()
        assert not found.exists()
    with pytest.raises(UserError, match="there is no folder"), model_folder("./finished"):
        pass
    with (
        pytest.raises(UserError, match=r"no registered model 'finishd'.*did you mean 'finished'"),
        model_folder("finishd"),
    ):
        pass
    with pytest.raises(UserError, match="has no alias 'loser'"), model_folder("finished@loser"):
        pass
