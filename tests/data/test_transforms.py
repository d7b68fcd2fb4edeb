"""Between a file's own X, X as stored, and X as networks see it."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from symray.data.transforms import Affine, Pixels, Transforms
from symray.errors import UserError

AFFINE = Affine(torch.tensor([1.0, -2.0]), torch.tensor([2.0, 10.0]))
BINARY, GREY = Pixels(3, 5, binary=True), Pixels(3, 5, binary=False)
BITS = np.random.default_rng(0).integers(0, 2, (7, 3, 5)).astype(np.float32)
GREYS = np.random.default_rng(1).integers(0, 256, (7, 3, 5)) / 255


@pytest.mark.parametrize("x", [AFFINE, BINARY, GREY])
def test_units_survive_json(x):
    transform = Transforms(x, Affine.identity(3))
    again = Transforms.from_json(json.loads(json.dumps(transform.to_json())))
    assert again.to_json() == transform.to_json()
    assert type(again.x) is type(x)


def test_affine_scales_and_back():
    rows = np.array([[3.0, 8.0], [1.0, -2.0]])
    inside = AFFINE.inside(rows)
    torch.testing.assert_close(inside, torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    np.testing.assert_allclose(AFFINE.outside(inside), rows)
    assert AFFINE.expand(inside) is inside
    assert AFFINE.mode(inside) is inside
    with pytest.raises(UserError, match=r"must have shape \(N, 2\), not \(2, 3\)"):
        AFFINE.inside(np.zeros((2, 3)))


@given(arrays(np.bool_, st.tuples(st.integers(1, 4), st.just(3), st.just(5))))
def test_bits_come_back(images):
    stored = BINARY.inside(images)
    assert stored.shape == (len(images), 2)
    np.testing.assert_array_equal(BINARY.outside(stored), images)
    np.testing.assert_array_equal(BINARY.expand(stored)[:, 0].numpy(), images)


def test_greys_come_back_in_255ths():
    stored = GREY.inside(GREYS)
    assert (stored.dtype, stored.shape) == (torch.uint8, (7, 15))
    np.testing.assert_allclose(GREY.outside(stored), GREYS, atol=1e-6)


def test_a_channel_of_one_a_tensor_and_booleans_are_images_too():
    expected = BINARY.inside(BITS)
    for images in (BITS[:, None], torch.from_numpy(BITS), BITS.astype(bool), BITS.tolist()):
        assert torch.equal(BINARY.inside(images), expected)
    assert torch.equal(BINARY.inside(BITS * 0.5), expected)  # half is white


@pytest.mark.parametrize("transform", [BINARY, GREY])
def test_the_most_probable_image_and_the_expected_one(transform):
    logits = torch.tensor(np.where(BITS, 2.0, -1.0), dtype=torch.float32).unsqueeze(1)
    mode = transform.outside(transform.mode(logits))
    shades = 1 / (1 + np.exp(-logits[:, 0].numpy()))
    np.testing.assert_allclose(mode, BITS if transform.binary else shades, atol=1 / 255)
    np.testing.assert_allclose(transform.shades(logits), shades, rtol=1e-6)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((2, 5, 3)), r"must have shape \(N, 3, 5\), not \(2, 5, 3\)"),
        (np.zeros((2, 3, 3, 5)), r"must have shape \(N, 3, 5\), not \(2, 3, 3, 5\)"),
        (np.zeros(15), r"must have shape \(N, 3, 5\), not \(15,\)"),
        (np.full((2, 3, 5), 255), "values between 0 and 1"),
        (np.full((2, 3, 5), np.nan), "values between 0 and 1"),
    ],
)
def test_other_images_are_refused(images, sentence):
    with pytest.raises(UserError, match=sentence):
        BINARY.inside(images)


def test_whole_stacks_of_batches_expand():
    stored = BINARY.inside(BITS[:6]).view(2, 3, -1)
    assert BINARY.expand(stored).shape == (2, 3, 1, 3, 5)
