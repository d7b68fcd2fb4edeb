from pathlib import Path

import numpy as np
import pytest
import torch

from symray.data.images import CHUNK, load_images
from symray.errors import UserError

BITS = np.random.default_rng(0).integers(0, 2, (20, 6, 5))
GREYS = np.random.default_rng(1).integers(0, 256, (20, 6, 5))


@pytest.fixture
def save(tmp_path):
    def save(**arrays) -> Path:
        np.savez(tmp_path / "own.npz", **arrays)
        return tmp_path / "own.npz"

    return save


def expanded(images):
    return images.transform.expand(torch.from_numpy(images.stored)).numpy()


@pytest.mark.parametrize(
    "array",
    [
        *(BITS.astype(dtype) for dtype in ("?", "u1", "i8", "f4", "f8")),
        *(255 * BITS, BITS[:, None], np.asfortranarray(BITS.astype("u1"))),
    ],
)
def test_black_and_white_is_kept_in_bits(save, array):
    images = load_images(save(x=array), "x")
    assert (images.height, images.width, images.binary) == (6, 5, True)
    assert images.stored.shape == (20, 4)
    np.testing.assert_array_equal(expanded(images), BITS[:, None])
    assert images.factors.shape == (20, 0)


@pytest.mark.parametrize("array", [GREYS.astype("u1"), GREYS, GREYS / 255, (GREYS / 255)[:, None]])
def test_greys_are_kept_in_bytes(save, array):
    images = load_images(save(x=array), "x")
    assert (images.binary, images.stored.shape) == (False, (20, 30))
    np.testing.assert_allclose(expanded(images)[:, 0], GREYS / 255, atol=1e-6)


def test_grey_after_many_black_images_is_found(save):
    array = np.zeros((CHUNK + 2, 2, 2))
    array[-1, 1, 1] = 0.5
    images = load_images(save(x=array), "x")
    assert not images.binary
    assert expanded(images)[-1, 0, 1, 1] == pytest.approx(0.5, abs=1 / 255)


def test_all_black_is_binary(save):
    assert load_images(save(x=np.zeros((3, 4, 4))), "x").binary


def test_packed_bits_are_square_images(save):
    packed = np.random.default_rng(0).integers(0, 256, (9, 32), dtype=np.uint8)
    images = load_images(save(x=packed), "x")
    assert (images.height, images.width, images.binary) == (16, 16, True)
    np.testing.assert_array_equal(images.stored, packed)


@pytest.mark.parametrize("array", [BITS.astype("u1"), GREYS / 255])
def test_a_stack_of_batches_expands(save, array):
    images = load_images(save(x=array), "x")
    stored = torch.from_numpy(images.stored)
    assert torch.equal(
        images.transform.expand(stored.view(4, 5, -1)),
        images.transform.expand(stored).view(4, 5, 1, 6, 5),
    )


def test_factors_become_classes_in_ascending_order(save):
    angles = np.tile([0.5, -1.5, 0.0, 7.25], 5)
    path = save(x=BITS, f=np.stack([angles, np.repeat([3, 9], 10)], axis=1), g=angles)
    images = load_images(path, "x", "f")
    assert images.factors.dtype == np.int64
    assert images.factors[:4].tolist() == [[2, 0], [0, 0], [1, 0], [3, 0]]
    assert images.factors[-1].tolist() == [3, 1]
    assert load_images(path, "x", "g").factors.shape == (20, 1)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"x": BITS * 300}, "'x' have values that are not within 0 to 255, the first in row 0"),
        ({"x": BITS * 100}, "whole numbers within 0 to 100, which may be dark ones of 255"),
        ({"x": BITS / 255 / 255}, "nearly black; scale them so that 1 is white"),
        ({"x": BITS - 1.5}, "not within 0 to 1, the first in row 0"),
        ({"x": np.where(np.arange(600).reshape(20, 6, 5) > 100, np.nan, 0)}, "the first in row 3"),
        ({"x": BITS.astype(complex)}, "'x' holds complex128, not numbers"),
        ({"x": BITS[..., None].repeat(3, axis=3)}, r"rows of the shape \(6, 5, 3\)"),
        ({"x": BITS[:, 0, 0]}, r"rows of the shape \(\)"),
        ({"x": BITS[:, :1]}, "'x' are 1 x 5 pixels; give 2 or more"),
        ({"x": BITS[:, 0].astype("u1")}, "rows of 5 uint8; give images"),
        ({"x": GREYS.reshape(20, -1)[:, :8]}, "rows of 8 int64; give images"),
        ({"x": BITS, "f": np.zeros(19)}, "'x' has 20 rows but 'f' has 19"),
        ({"x": BITS, "f": np.full((20, 2), np.nan)}, "column 0 of 'f' has NaN"),
        ({"x": BITS, "f": np.zeros((20, 2, 2))}, "one row of factors for each image"),
        ({"x": BITS, "f": np.linspace(0, 1, 20)}, "20 different values for 20 images, even where"),
        ({"x": BITS, "factors": np.zeros(20)}, "no array 'f'"),
        ({"y": BITS}, "no array 'x'"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(save, arrays, sentence):
    with pytest.raises(UserError, match=sentence):
        load_images(save(**arrays), "x", "f")


@pytest.mark.parametrize("top", [2, 15, 16])
def test_few_grey_levels_end_in_white(save, top):
    images = load_images(save(x=GREYS % (top + 1)), "x")
    assert images.read_as == f"values 0..{top} read as grey levels of {top}"
    np.testing.assert_allclose(expanded(images)[:, 0], (GREYS % (top + 1)) / top, atol=0.51 / 255)


def test_a_model_says_what_is_white_in_few_images(save):
    dark = (GREYS % 10).astype("u1")
    images = load_images(save(x=dark), "x", white=255)
    np.testing.assert_allclose(expanded(images)[:, 0], dark / 255, atol=1e-6)
    with pytest.raises(UserError, match="go up to 9, but 8 is white"):
        load_images(save(x=dark), "x", white=8)


def test_a_channel_behind_is_one_too(save):
    for array in (BITS[..., None], (GREYS / 255)[..., None]):
        before = load_images(save(x=array), "x").stored
        np.testing.assert_array_equal(before, load_images(save(x=array[..., 0]), "x").stored)


def test_rounding_noise_makes_no_classes(save):
    exact = np.tile([0.1, 0.2, 0.3, 0.7], 5)
    noisy = exact * (1 + 1e-15 * np.arange(20))
    assert len(np.unique(noisy)) > 4
    found = load_images(save(x=BITS, f=noisy), "x", "f").factors
    assert found.ravel().tolist() == [0, 1, 2, 3] * 5


@pytest.mark.parametrize("order", ["C", "F"])
def test_packed_bits_in_any_order(save, order):
    packed = np.random.default_rng(0).integers(0, 256, (9, 32), dtype=np.uint8)
    assert load_images(save(x=np.asarray(packed, order=order)), "x").stored.flags.c_contiguous
