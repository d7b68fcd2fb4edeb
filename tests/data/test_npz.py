import numpy as np
import pytest

from symray.data.npz import array_names, read_array, read_chunks, read_shape
from symray.errors import UserError


@pytest.fixture(params=[np.savez, np.savez_compressed])
def save(request, tmp_path):
    def save(**arrays):
        request.param(tmp_path / "data.npz", **arrays)
        return tmp_path / "data.npz"

    return save


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", ">i4", "<f8", "?"])
def test_chunks_make_up_the_array(save, order, dtype):
    array = np.asarray(np.random.default_rng(0).integers(0, 2, (10, 3, 4)), dtype, order=order)
    path = save(a=array, b=np.zeros(3))
    assert read_shape(path, "a") == (10, 3, 4)
    for rows in (1, 4, 10, 99):
        chunks = list(read_chunks(path, "a", rows))
        assert [len(chunk) for chunk in chunks[:-1]] == [rows] * (len(chunks) - 1)
        np.testing.assert_array_equal(np.concatenate(chunks), array)
    np.testing.assert_array_equal(read_array(path, "a"), array)


READERS = [read_array, read_shape, lambda path, key: list(read_chunks(path, key, 2))]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.array([{}, {}]), "'a' is damaged or holds Python objects"),
        (np.array(["x", "y"]), "'a' holds <U1, not numbers"),
        (np.zeros((0, 3)), r"'a' has the shape \(0, 3\)"),
        (np.zeros(()), r"'a' has the shape \(\)"),
    ],
)
def test_every_reader_says_what_is_wrong(save, read, array, sentence):
    with pytest.raises(UserError, match=sentence):
        read(save(a=array), "a")


@pytest.mark.parametrize("read", READERS)
def test_names_and_files_that_are_none(save, tmp_path, read):
    path = save(images=np.zeros(3))
    with pytest.raises(UserError, match="no array 'image'; did you mean 'images'"):
        read(path, "image")
    with pytest.raises(UserError, match="there is no such file"):
        read(tmp_path / "none.npz", "images")


def test_damage_is_found_when_it_is_reached(tmp_path):
    np.savez(tmp_path / "whole.npz", a=np.random.default_rng(0).normal(size=(50_000, 2)))
    damaged = bytearray((tmp_path / "whole.npz").read_bytes())
    damaged[500_000] ^= 255
    (tmp_path / "damaged.npz").write_bytes(damaged)
    chunks = read_chunks(tmp_path / "damaged.npz", "a", 1_000)
    assert len(next(chunks)) == 1_000
    with pytest.raises(UserError, match="the array 'a' is damaged"):
        list(chunks)


def test_names_of_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1), imgs=np.zeros(2))
    assert array_names(tmp_path / "a.npz") == ["x", "imgs"]
    with pytest.raises(UserError, match="there is no such file"):
        array_names(tmp_path / "b.npz")
