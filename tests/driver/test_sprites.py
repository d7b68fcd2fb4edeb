"""A study of images from end to end: figures, UDR, the map of its grid, MLflow, its model."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from symray.errors import UserError
from symray.insight.predict import predict, read_images, write_predictions
from symray.metrics.disentanglement import udr
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line, metric_lines, traces
from symray.report.study_report import summary
from symray.report.synergy import curve_of, synergy_of
from symray.search.champion import champion_task
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import leaderboard, supervision
from symray.tasks.task import Task
from symray.tasks.udr import udr_of, udr_per_seed
from symray.tasks.worker import load_trained
from symray.tracking.client import make_client
from symray.tracking.names import task_of
from symray.training.bundle import load_bundle
from symray.training.encoded import Encoded

FIGURES = {
    "mean_activations.png",
    "reconstructions.png",
    "synergy.png",
    "traversal.gif",
    "traversal.png",
}


def champion(record: StudyRecord) -> Path:
    name = champion_task(record)
    assert name is not None
    return record.folder / "confirmation" / name.removeprefix("confirm-")


def test_the_best_trial_and_the_champion_have_their_figures(sprites_study: StudyRecord) -> None:
    best = sprites_study.trial_folder(leaderboard(sprites_study)[0].number)
    for folder in (best, champion(sprites_study)):
        assert {path.name for path in (folder / "figures").iterdir()} == FIGURES
        for path in (folder / "figures").iterdir():
            with Image.open(path) as image:
                assert getattr(image, "n_frames", 1) == (48 if path.suffix == ".gif" else 1)


def test_they_stand_in_mlflow_with_the_agreement_of_the_seeds(sprites_study: StudyRecord) -> None:
    client = make_client()
    runs = client.search_runs([client.get_experiment_by_name(sprites_study.name).experiment_id])
    by_name = {task_of(run): run for run in runs}
    folder = champion(sprites_study)
    run = by_name[f"confirm-{folder.name}"]
    figures = client.list_artifacts(run.info.run_id, "figures")
    assert {Path(file.path).name for file in figures} == FIGURES
    assert float(run.data.tags["symray.udr"]) == pytest.approx(udr_of(folder), rel=1e-5)
    parent = by_name[sprites_study.name]
    assert "mig needs the factors" in parent.data.params["supervision"]
    number = int(folder.name.split("-")[0])
    confirmation = read_confirmation(sprites_study)
    assert confirmation is not None
    expected = confirmation["candidates"][0]["udr"]["mean"]
    assert parent.data.metrics[f"udr_trial_{number:04d}"] == expected
    assert summary(sprites_study)[f"udr_trial_{number:04d}"] == expected
    report = {Path(f.path).name for f in client.list_artifacts(parent.info.run_id, "report")}
    assert report == {"leaderboard.csv", "map.csv", "map.png", "plots.html", "previews"}


def test_the_udr_is_that_of_the_seeds_codes(sprites_study: StudyRecord) -> None:
    number = int(champion(sprites_study).name.split("-")[0])
    folders = [sprites_study.folder / "confirmation" / f"{number:04d}-{i}" for i in range(2)]
    tasks = [Task.load(folder) for folder in folders]
    codes, informative = [], []
    for task in tasks:
        trainer = load_trained(task)
        with torch.inference_mode():
            encoded = Encoded(trainer.model, trainer.data, trainer.data.split("validation"), 0)
        mu, variance = encoded.mean.double(), (2 * encoded.log_sd.double()).exp()
        codes.append(encoded.mean)
        kl = ((mu**2 + variance - 1 - variance.log()) / 2).mean(0)
        informative.append((kl > 0.01).numpy())
    expected = udr(codes, informative=informative)
    np.testing.assert_allclose([udr_of(folder) for folder in folders], expected, rtol=1e-6)
    assert udr_per_seed(tasks[:1]) == []
    confirmation = read_confirmation(sprites_study)
    assert confirmation is not None
    assert confirmation["candidates"][0]["udr"]["mean"] == pytest.approx(expected.mean())


def test_a_choice_by_factors_is_called_supervised(
    sprites_study: StudyRecord, finished_study: StudyRecord
) -> None:
    sentence = supervision(sprites_study.file)
    assert sentence == (
        "mig needs the factors that made the images: a choice by supervision, with which "
        "label-free ones can't be compared"
    )
    assert supervision(finished_study.file) is None


def test_the_map_has_every_point_of_the_grid_with_its_spread(sprites_study: StudyRecord) -> None:
    with (sprites_study.folder / "report" / "map.csv").open() as file:
        rows = list(csv.DictReader(file))
    points = {(float(row["alpha"]), float(row["omega"])): row for row in rows}
    assert set(points) == {(1, 0.9), (5, 0.9)}
    for trial in sprites_study.trials():
        values = last_line(sprites_study.trial_folder(trial.number))["values"]
        row = points[trial.params["alpha"], trial.params["omega"]]
        for name in ("mig", "x_nats", "factor_vae_metric"):
            assert float(row[name]) == values[name]
            assert float(row[f"{name}_sd"]) == values[f"{name}_sd"]


def test_the_first_seeds_synergy_is_kept_for_every_step(sprites_study: StudyRecord) -> None:
    folder = sprites_study.trial_folder(0)
    kept = traces(folder)["synergy"]
    assert len(kept) == 10
    lines = metric_lines(folder)
    assert [len(line.get("steps", {}).get("synergy", ())) for line in lines] == [5, 5, 0, 0]
    for line in lines[:2]:
        mean = np.mean(line["steps"]["synergy"])
        assert mean == pytest.approx(line["values"]["train/synergy"], rel=1e-4)
    curve = curve_of(folder)
    assert curve is not None
    np.testing.assert_array_equal(curve[0], np.arange(1, 11))
    np.testing.assert_allclose(curve[1], 5 * np.array(kept))


def test_curves_are_named_by_study_and_trial(
    sprites_study: StudyRecord, finished_study: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_HOME", str(sprites_study.folder.parent))
    best = leaderboard(sprites_study)[0].number
    other = 1 - best
    curves = synergy_of(["sprites", f"sprites:{other}"])
    assert list(curves) == ["Non-Syn VAE", f"Non-Syn VAE (sprites:{other})"]
    for reference, sentence in (
        ("sprites:x", "write STUDY or STUDY:NUMBER, as in sprites:0"),
        ("sprites:9", "has no trial 9"),
        ("sprite", "did you mean 'sprites'"),
    ):
        with pytest.raises(UserError, match=sentence):
            synergy_of([reference])
    monkeypatch.setenv("SYMRAY_HOME", str(finished_study.folder.parent))
    with pytest.raises(UserError, match=r"trial \d of study 'finished' \(stib\) has no synergy"):
        synergy_of(["finished"])


@pytest.fixture
def npz(sprites_study: StudyRecord, tmp_path: Path) -> Path:
    """Some images in white and black of 255 and 0, and their values as networks see them."""
    images = np.zeros((5, 64, 64), np.uint8)
    for i, image in enumerate(images):
        image[10 + i : 24 + i, 20:30] = 255
    np.savez(tmp_path / "images.npz", x=images, imgs=images[:2], other=images)
    return tmp_path / "images.npz"


def test_predictions_of_images(sprites_study: StudyRecord, npz: Path, tmp_path: Path) -> None:
    model = load_bundle(sprites_study.folder / "champion" / "model")
    found = predict(model, npz)
    assert {name: array.shape for name, array in found.items()} == {
        "x_hat": (5, 64, 64),
        "z0": (5, 3),
        "z1": (5, 0),
    }
    with np.load(npz) as file:
        x = torch.from_numpy(file["x"] / np.float32(255)).unsqueeze(1)
    with torch.inference_mode():
        mean = model.model.posterior(x)[0]
        x_hat = (model.model.decode(mean)[:, 0] > 0).float()
    np.testing.assert_allclose(found["z0"], mean.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["x_hat"], x_hat.numpy())
    write_predictions(found, tmp_path / "codes.csv")
    header, *lines = (tmp_path / "codes.csv").read_text().splitlines()
    assert (header, len(lines)) == ("z0_1,z0_2,z0_3", 5)


def test_images_are_found_under_the_names_that_data_sets_give_them(
    sprites_study: StudyRecord, npz: Path, tmp_path: Path
) -> None:
    model = load_bundle(sprites_study.folder / "champion" / "model")
    assert len(read_images(npz, model)) == 5
    with np.load(npz) as file:
        np.savez(tmp_path / "published.npz", imgs=file["imgs"])
        np.savez(tmp_path / "small.npz", x=file["x"][:, :32, :32])
        np.savez(tmp_path / "else.npz", pictures=file["x"])
    assert len(read_images(tmp_path / "published.npz", model)) == 2
    for name, sentence in (
        ("small.npz", r"images must have shape \(N, 64, 64\), not \(5, 32, 32\)"),
        ("else.npz", "there is no array 'x'; valid names: pictures"),
        ("images.csv", "this model takes images, which an .npz file holds"),
    ):
        with pytest.raises(UserError, match=sentence):
            read_images(tmp_path / name, model)


SMALL = Path(__file__).parents[2] / "studies" / "dsprites" / "nonsyn_small.yaml"


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_small_study_learns_and_its_model_can_be_taken_away(
    study_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))

    def symray(*arguments: object) -> str:
        command = [sys.executable, "-m", "symray", *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    found = json.loads(symray("launch", SMALL, "--json"))
    assert found["state"] == "complete"
    assert found["best"]["metrics"]["x_nats"] < 150
    assert found["best"]["metrics"]["factor_vae_metric"] > 0.4  # chance is 0.2
    assert found["confirmed"]["candidates"][0]["udr"]["mean"] > 0
    folder = tmp_path / "model"
    symray("models", "download", "nonsyn-small@champion", "--to", folder)
    for image, name in ((("--image", 7), "from.gif"), ((), "origin.png")):
        symray("traverse", folder, *image, "--out", tmp_path / name)
        with Image.open(tmp_path / name) as drawn:
            drawn.verify()
    symray("synergy", "nonsyn-small", "--out", tmp_path / "synergy.png")
    images = np.zeros((3, 64, 64), bool)
    images[:, 20:40, 20:40] = True
    np.savez(tmp_path / "squares.npz", x=images)
    symray("predict", folder, "--input", tmp_path / "squares.npz", "--out", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as file:
        overlap = (file["x_hat"] > 0.5) & images
        assert overlap.sum() / ((file["x_hat"] > 0.5) | images).sum() > 0.5
