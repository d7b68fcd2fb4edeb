"""``traverse`` and ``synergy``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from symray.data import load_data
from symray.record.study_record import StudyRecord

Run = Callable[..., Result]


@pytest.mark.parametrize(("suffix", "frames"), [(".png", 1), (".gif", 48)])
def test_what_each_latent_does_is_drawn(
    run: Run, sprites_study: StudyRecord, tmp_path: Path, suffix: str, frames: int
) -> None:
    to = tmp_path / "new" / f"traversal{suffix}"
    result = run("traverse", "sprites@champion", "--image", 3, "--out", to)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{to} written\n"
    with Image.open(to) as image:
        assert getattr(image, "n_frames", 1) == frames


def test_an_image_of_ones_own_is_the_same_start(
    run: Run, sprites_study: StudyRecord, tmp_path: Path
) -> None:
    folder = sprites_study.folder / "champion" / "model"
    data = load_data(sprites_study.file.data_spec())
    stored = data.split("validation").x[[5, 3]]
    np.savez(tmp_path / "own.npz", x=data.transforms.x.outside(stored))
    for name, options in (
        ("a", ("--image", 3)),
        ("b", ("--input", tmp_path / "own.npz", "--image", 1)),
        ("origin", ()),
    ):
        run("traverse", folder, *options, "--out", tmp_path / f"{name}.png")
    drawn = [(tmp_path / f"{name}.png").read_bytes() for name in ("a", "b", "origin")]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "a.jpg"), "a.jpg: name it .png for a picture or .gif for an animation"),
        (("--input", "a.npz", "--out", "a.png"), "--input needs --image N"),
        (("--image", "99999", "--out", "a.png"), "the validation split has the images 0 to "),
        (("--out", "/proc/a.png"), "/proc/a.png can't be written"),
    ],
)
def test_mistakes(
    run: Run, sprites_study: StudyRecord, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run("traverse", "sprites", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_model_of_something_else_has_no_traversal(run: Run, finished_study: StudyRecord) -> None:
    result = run("traverse", "finished", "--out", "a.png")
    assert result.exit_code == 2
    assert "this model was not trained on images" in result.stderr


def test_synergies_are_drawn_side_by_side(
    run: Run, sprites_study: StudyRecord, tmp_path: Path
) -> None:
    to = tmp_path / "synergy.png"
    assert run("synergy", "sprites:0", "sprites:1", "--out", to).exit_code == 0
    with Image.open(to) as image:
        assert image.width > 2 * image.height
    refused = run("synergy", "sprites", "--out", tmp_path / "synergy.gif")
    assert refused.exit_code == 2
    assert "name it .png, .svg or .pdf" in refused.stderr


def test_studies_of_images_are_compared_by_their_own_metrics(
    run: Run, sprites_study: StudyRecord
) -> None:
    compared = run("compare", "sprites")
    header, _ = compared.stdout.splitlines()
    assert "FactorVAE metric MIG DCI" in " ".join(header.split())
    assert "X MAE" not in header
    assert "note: sprites: mig needs the factors" in compared.stderr
