"""Images as a data set: splits, batches, what is kept, and what can't be used."""

from typing import Any

import numpy as np
import pytest
import torch

from symray.data import form_of, load_data
from symray.data.image_set import WITH_FACTORS, WITHOUT_FACTORS, ImageSet
from symray.errors import UserError

N = 900
RNG = np.random.default_rng(0)
BITS = RNG.integers(0, 2, (N, 64, 64), dtype=np.uint8)
FACTORS = np.stack([np.arange(N) % 3, np.full(N, 7), np.arange(N) // 3 / 100], axis=1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def make(tmp_path):
    def make(**arrays: Any) -> dict[str, Any]:
        path = tmp_path / "own.npz"
        np.savez(path, **arrays)
        return {"npz": str(path), "images": "x"} | ({"factors": "f"} if "f" in arrays else {})

    return make


def images_of(data: ImageSet, stored: torch.Tensor) -> np.ndarray:
    return data.transforms.x.expand(stored).reshape(-1, 64, 64).numpy()


def test_splits_are_parts_of_the_images_by_their_content(make):
    data = load_data(make(x=BITS, f=FACTORS))
    order = RNG.permutation(N)
    shuffled = load_data(make(x=BITS[order], f=FACTORS[order]))
    held_out = 0
    for name in ("validation", "test"):
        one, other = data.split(name), shuffled.split(name)
        assert 40 <= len(one.x) <= 150
        held_out += len(one.x)
        assert {x.tobytes() for x in one.x.numpy()} == {x.tobytes() for x in other.x.numpy()}
    assert data.passes(1) == N - held_out
    assert data.key != shuffled.key


def test_equal_images_stay_together_and_never_train_what_tests(make):
    twice = np.concatenate([BITS, BITS])
    data = load_data(make(x=twice))
    trained = {row.numpy().tobytes() for row in data.epoch(1, data.passes(1), generator()).x}
    parts = [{x.tobytes() for x in data.split(name).x.numpy()} for name in ("validation", "test")]
    assert len(trained | parts[0] | parts[1]) == N
    assert len(trained) + len(parts[0]) + len(parts[1]) == N


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_batches_are_packed_and_expand_to_what_the_file_has(make):
    data = load_data(make(x=BITS, f=FACTORS))
    batch = data.epoch(8, 5, generator())
    assert (batch.x.dtype, batch.x.shape, batch.y.shape) == (torch.uint8, (5, 8, 512), (5, 8, 2))
    assert data.point_bytes == 512 + 8
    shown = images_of(data, batch.x)
    whole = {image.tobytes(): row for row, image in enumerate(BITS)}
    rows = [whole[image.astype(np.uint8).tobytes()] for image in shown]
    classes = np.stack([FACTORS[:, 0], np.arange(N) // 3], axis=1)[rows]
    np.testing.assert_array_equal(batch.y.reshape(-1, 2).numpy(), classes)
    again = data.epoch(8, 5, generator())
    assert torch.equal(batch.x, again.x)


def test_a_factor_that_never_varies_is_left_out(make):
    data = load_data(make(x=BITS, f=FACTORS))
    assert data.factor_names == ("f 1", "f 3")
    assert (data.form, data.y_dims) == (WITH_FACTORS, 2)
    split = data.split("validation")
    np.testing.assert_array_equal(split.colour, split.y[:, 0].numpy())


def test_without_factors_there_is_no_y(make):
    data = load_data(make(x=BITS))
    assert (data.form, data.y_dims, data.steps) == (WITHOUT_FACTORS, 0, None)
    assert data.split("test").y.shape == (len(data.split("test").x), 0)
    assert not data.split("test").colour.any()


def test_greys_are_kept_as_bytes(make):
    data = load_data(make(x=BITS * np.uint8(200)))
    assert data.split("test").x.shape[1] == 4096
    assert set(np.unique(images_of(data, data.split("test").x))) == {0, np.float32(200 / 255)}


def test_factors_of_many_values_keep_them(make, monkeypatch):
    many = np.arange(40_000) % 33_000
    tiny = np.unpackbits(np.arange(40_000, dtype=">u4").view(np.uint8).reshape(-1, 4), axis=1)
    packed = np.tile(tiny, 128).reshape(-1, 64, 64)
    data = load_data(make(x=packed, f=many))
    assert data.split("test").y.min() >= 0
    assert data.epoch(1000, 30, generator()).y.max() > 32_767


def test_the_file_is_read_once_and_memory_mapped_by_all(make, cache, monkeypatch):
    spec = make(x=BITS)
    load_data(spec)
    monkeypatch.setattr("symray.data.image_set.load_images", None)
    monkeypatch.setattr("symray.data.cache.file_digest", None)
    data = load_data(spec)
    assert isinstance(data._stored, np.memmap)
    assert data.name == spec["npz"]


def test_a_changed_file_is_read_again(make):
    before = load_data(make(x=BITS))
    after = load_data(make(x=1 - BITS))
    assert before.key != after.key


def test_held_out_parts_of_large_sets_are_bounded(make, monkeypatch):
    monkeypatch.setattr("symray.data.image_set.MOST_HELD_OUT", 45)
    monkeypatch.setattr("symray.data.image_set.LEAST_HELD_OUT", 10)
    data = load_data(make(x=BITS))
    assert 25 < len(data.split("validation").x) < 70


@pytest.mark.parametrize(
    ("arrays", "change", "sentence"),
    [
        (
            {"x": BITS[:100]},
            {},
            r"100 images, of which 100 are different, leave .* for the validation split, but at",
        ),
        ({"x": BITS[:, :32]}, {}, "are 32 x 64 pixels, but the networks take 64 x 64; resize them"),
        ({"x": BITS, "f": np.ones((N, 2))}, {}, "none of the factors varies; leave them out"),
        ({"x": BITS}, {"images": "y"}, "there is no array 'y'"),
        ({"x": BITS}, {"image": "x"}, "data: unknown key 'image'; did you mean 'images'"),
        ({"x": BITS}, {"npz": "nowhere.npz"}, "nowhere.npz: there is no such file"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(make, arrays, change, sentence):
    with pytest.raises(UserError, match=sentence):
        load_data(make(**arrays) | change)


def test_a_mistake_leaves_nothing_in_the_cache(make, cache):
    with pytest.raises(UserError, match="resize"):
        load_data(make(x=BITS[:, :32]))
    assert not list(cache.glob("images-*"))


def test_the_form_is_known_before_anything_is_read():
    assert form_of({"npz": "nowhere.npz", "images": "x"}) == WITHOUT_FACTORS
    assert form_of({"npz": "nowhere.npz", "images": "x", "factors": "f"}) == WITH_FACTORS
    assert form_of({"dsprites": [1, 1, 1, 1, 1]}) == WITH_FACTORS
    with pytest.raises(UserError, match="images come from a file"):
        load_data({"images": "x"})


def test_few_different_images_are_told_as_such(make):
    with pytest.raises(UserError, match=r"900 images, of which 3 are different, leave"):
        load_data(make(x=BITS[np.arange(N) % 3]))


def test_what_was_taken_for_what_is_kept(make):
    data = load_data(make(x=BITS * np.uint8(16), f=FACTORS))
    assert data.read_as == "values 0..16 read as grey levels of 16"
    assert set(np.unique(images_of(data, data.split("test").x))) == {0, 1}
    assert data.constant == ("f 2",)
    assert type(data.transforms).from_json(data.transforms.to_json()).x.white == 16


def test_names_of_arrays_are_not_run_together_in_the_cache(tmp_path):
    path = tmp_path / "own.npz"
    classes = np.arange(N) % 5
    np.savez(path, **{"a": BITS, "b-c": classes, "a-b": 1 - BITS, "c": classes})
    one = load_data({"npz": str(path), "images": "a", "factors": "b-c"})
    two = load_data({"npz": str(path), "images": "a-b", "factors": "c"})
    assert one.key != two.key
    assert not torch.equal(one.split("test").x[:10], two.split("test").x[:10])
