import os
from pathlib import Path

import numpy as np
import pytest
import torch

from symray.data.factors import DSPRITES
from symray.data.sprites import load_sprites, render, rendered
from symray.errors import UserError

SUBSET = "dsprites_subset_64834.npz"


def pixels(packed: np.ndarray) -> np.ndarray:
    return np.unpackbits(packed, axis=1).reshape(-1, 64, 64).astype(bool)


@pytest.fixture(scope="module")
def subset() -> Path:
    folder = os.environ.get("SYMRAY_DATA")
    if not folder or not (Path(folder) / SUBSET).exists():
        pytest.skip(f"real dSprites images are not here: SYMRAY_DATA names no folder with {SUBSET}")
    return Path(folder) / SUBSET


def test_the_renderer_agrees_with_real_images(subset: Path) -> None:
    real = load_sprites(subset)
    drawn = rendered(DSPRITES.index(real.factors))
    np.testing.assert_array_equal(drawn.factors, real.factors)
    a, b = pixels(real.stored), pixels(drawn.stored)
    overlap = (a & b).sum(axis=(1, 2)) / (a | b).sum(axis=(1, 2))
    for shape in range(3):
        of_shape = overlap[real.factors[:, 0] == shape]
        print(f"shape {shape}: mean IoU {of_shape.mean():.5f}, exact {(of_shape == 1).mean():.3f}")
        assert of_shape.mean() > 0.999
        assert of_shape.min() > 0.8
    assert (a != b).sum() < 0.06 * len(a), "pixels that differ, per image"


def test_the_subset_keeps_its_order(subset: Path) -> None:
    real = load_sprites(subset)
    with np.load(subset) as file:
        np.testing.assert_array_equal(DSPRITES.index(real.factors), file["original_index"])
        np.testing.assert_array_equal(real.stored, file["imgs"])


def test_a_square_covers_the_pixels_whose_centres_it_covers() -> None:
    x, y = 5, 20
    (drawn,) = pixels(render(DSPRITES.index([[0, 5, 0, x, y]])))
    centres = np.arange(64) + 0.5
    across, down = (np.abs(centres - 16 - 32 * p / 31) <= 9.6 for p in (x, y))
    np.testing.assert_array_equal(drawn, down[:, None] & across)


def test_the_heart_stands_upright_and_the_ellipse_lies() -> None:
    ellipse, heart = pixels(render(DSPRITES.index([[1, 5, 0, 0, 0], [2, 5, 0, 0, 0]])))
    assert ellipse.any(axis=0).sum() > ellipse.any(axis=1).sum() + 8
    rows = np.flatnonzero(heart.any(axis=1))
    assert not heart[rows[0], 15:17].any(), "two lobes above"
    assert heart[rows[-1]].sum() == heart[rows[-1], 15:17].sum() == 2, "one tip below"
    np.testing.assert_array_equal(heart[:, :32], heart[:, 31::-1])


def test_first_and_last_orientation_coincide() -> None:
    first = DSPRITES.every((1, 1, 40, 8, 8))
    np.testing.assert_array_equal(render(first), render(first + 39 * 1024))


@pytest.mark.parametrize(
    ("shape", "area"),
    [(0, 4 * 9.6**2), (1, np.pi * 12.7637 * 7.2156), (2, 180 * np.pi / 16 * 9.5964 * 0.66199)],
)
def test_areas_are_those_of_the_geometry_and_grow_with_the_square_of_the_scale(
    shape: int, area: float
) -> None:
    # of the heart: 180 pi is the area of (16 sin^3 t, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t)
    index = DSPRITES.every((1, 1, 3, 3, 3))
    index = index[DSPRITES.classes(index)[:, 0] == shape]
    covered = pixels(render(index)).sum(axis=(1, 2))
    for scale in range(6):
        mean = covered[DSPRITES.classes(index)[:, 1] == scale].mean()
        assert mean == pytest.approx(area * (0.5 + 0.1 * scale) ** 2, rel=0.005)


def test_no_image_is_cut_or_empty_and_any_order_draws_the_same() -> None:
    index = DSPRITES.every((1, 5, 7, 31, 31))
    drawn = pixels(render(index))
    border = drawn[:, [0, -1], :].any() or drawn[:, :, [0, -1]].any()
    assert not border
    assert drawn.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(render(index[::-1]), render(index)[::-1])
    np.testing.assert_array_equal(render(index[3]), render(index)[3:4])
    with pytest.raises(ValueError, match="out of bounds"):
        render([len(DSPRITES)])


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        index = np.arange(9_000) * 80
        assert np.array_equal(render(index)[8_990:], render(index[8_990:]))
    finally:
        torch.set_num_threads(before)


def published(path: Path, index: np.ndarray, **changes: np.ndarray) -> Path:
    """A file of the published layout: colour first, values, and a pickle that must stay closed."""
    classes = DSPRITES.classes(index)
    arrays = {
        "imgs": pixels(render(index)).astype(np.uint8),
        "latents_classes": np.concatenate([0 * classes[:, :1], classes], axis=1),
        "latents_values": np.concatenate([0 * classes[:, :1] + 1.0, classes], axis=1),
        "metadata": np.array({"author": "loading this would unpickle"}, dtype=object),
    }
    np.savez_compressed(path, **arrays | changes)
    return path


def test_the_published_layout_is_read(tmp_path: Path) -> None:
    index = DSPRITES.every((1, 2, 13, 16, 16))
    images = load_sprites(published(tmp_path / "dsprites.npz", index))
    np.testing.assert_array_equal(images.stored, render(index))
    np.testing.assert_array_equal(images.factors, DSPRITES.classes(index))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"imgs": np.zeros((4, 32, 32))}, "not black and white at 64 x 64"),
        ({"imgs": np.full((4, 64, 64), 0.5)}, "not black and white at 64 x 64"),
        ({"latents_classes": np.zeros((4, 4))}, r"has the shape \(4, 4\); dSprites has 5 factors"),
        ({"latents_classes": np.zeros((3, 6))}, "'imgs' has 4 rows but 'latents_classes' has 3"),
        ({"latents_classes": np.full((4, 5), 3)}, r"row 0 of .* is \[3, 3, 3, 3, 3\], .* outside"),
        ({"latents_classes": np.full((4, 5), 0.5)}, "outside dSprites' sizes"),
        ({"latents_classes": np.full((4, 5), np.nan)}, "outside dSprites' sizes"),
    ],
)
def test_a_file_that_is_not_dsprites(tmp_path: Path, changes: dict, sentence: str) -> None:
    path = published(tmp_path / "other.npz", np.arange(4), **changes)
    with pytest.raises(UserError, match=sentence):
        load_sprites(path)
