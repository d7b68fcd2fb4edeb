import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from symray.data import load_data
from symray.data.arrays import Arrays
from symray.errors import UserError

ROWS = 600


def numbers(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(3, 2, (rows, 2, 3)), rng.normal(-1, 5, rows)


@pytest.fixture
def save(tmp_path):
    def save(name="data.npz", **arrays):
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return save


def test_columns_and_parts(save):
    x, y = numbers()
    data = load_data({"npz": save(a=x, b=y), "x": "a", "y": "b"})
    assert (data.x_shape, data.y_dims, data.steps_per_epoch) == ((6,), 1, None)
    validation, test = data.split("validation"), data.split("test")
    train = data.passes(1)
    assert train + len(validation.x) + len(test.x) == ROWS
    assert 0.75 * ROWS < train < 0.85 * ROWS
    for split in (validation, test):
        assert 0.06 * ROWS < len(split.x) < 0.14 * ROWS
        raw_x = split.x * data.transforms.x.scale + data.transforms.x.shift
        raw_y = split.y * data.transforms.y.scale + data.transforms.y.shift
        row = np.abs(x.reshape(ROWS, 6)[:, None] - raw_x.numpy()).max(-1).argmin(0)
        np.testing.assert_allclose(raw_x, x.reshape(ROWS, 6)[row], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(raw_y[:, 0], y[row], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(split.colour, y[row], rtol=1e-6)


def test_networks_see_what_the_training_rows_standardise(save):
    x, y = numbers()
    data = Arrays(save(x=x, y=y), "x", "y")
    everything = data.epoch(data.passes(1), 1, torch.Generator())
    held_out = [data.split(name) for name in ("validation", "test")]
    scaled = everything.x[0].double()
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(0, correction=0), 1, rtol=1e-5)
    raw = everything.x[0] * data.transforms.x.scale + data.transforms.x.shift
    oracle = StandardScaler().fit(raw.double().numpy())
    np.testing.assert_allclose(data.transforms.x.shift, oracle.mean_, rtol=1e-4)
    np.testing.assert_allclose(data.transforms.x.scale, oracle.scale_, rtol=1e-4)
    assert all(split.x.dtype == torch.float32 for split in held_out)


def test_a_constant_column_is_harmless(save):
    x, y = numbers()
    x[:, 0, 0] = 0.1
    data = Arrays(save(x=x, y=y), "x", "y")
    assert data.transforms.x.scale[0] == 1
    assert data.split("validation").x[:, 0].abs().max() < 1e-6


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_a_file_changes_nothing(tmp_path_factory, random):
    x, y = numbers(700)
    order = list(range(700))
    random.shuffle(order)
    folder = tmp_path_factory.mktemp("orders")
    np.savez(folder / "a.npz", x=x, y=y)
    np.savez(folder / "b.npz", x=x[order], y=y[order])
    a, b = (Arrays(folder / name, "x", "y") for name in ("a.npz", "b.npz"))
    assert a.key == b.key
    for name in ("validation", "test"):
        assert torch.equal(a.split(name).x, b.split(name).x)
        assert torch.equal(a.split(name).y, b.split(name).y)
    first, second = (d.epoch(32, 5, torch.Generator().manual_seed(1)) for d in (a, b))
    assert torch.equal(first.x, second.x)


def test_new_rows_move_no_old_row(save):
    x, y = numbers()
    small = Arrays(save("small.npz", x=x[:450], y=y[:450]), "x", "y")
    large = Arrays(save("large.npz", x=x, y=y), "x", "y")
    assert small.key != large.key
    for name in ("validation", "test"):
        assert set(small.split(name).colour) <= set(large.split(name).colour)


def test_equal_rows_stay_in_one_part(save):
    x, y = numbers(450)
    data = Arrays(save(x=np.concatenate([x, x]), y=np.concatenate([y, y])), "x", "y")
    validation, test = (set(data.split(name).colour) for name in ("validation", "test"))
    assert not validation & test
    for name in ("validation", "test"):
        _, counts = np.unique(data.split(name).colour, return_counts=True)
        assert (counts == 2).all()


def test_an_epoch_is_a_permutation_without_the_last_partial_batch(save):
    x, y = numbers()
    data = Arrays(save(x=x, y=y), "x", "y")
    steps = data.passes(32)
    assert steps == data.passes(1) // 32
    batch = data.epoch(32, steps, torch.Generator().manual_seed(0))
    assert batch.x.shape == (steps, 32, 6)
    assert batch.y.shape == (steps, 32, 1)
    assert len(batch.y.unique()) == steps * 32
    two = data.epoch(32, 2 * steps, torch.Generator().manual_seed(0))
    assert torch.equal(two.x[:steps], batch.x)
    assert len(two.y[steps:].unique()) == steps * 32
    assert not torch.equal(two.x[steps:], batch.x)


def test_a_batch_larger_than_the_data_is_refused(save):
    x, y = numbers()
    data = Arrays(save(x=x, y=y), "x", "y")
    with pytest.raises(UserError, match=r"batch_size 5000 is more than the \d+ training rows"):
        data.passes(5000)


def test_integers_and_booleans_are_numbers(save):
    x = np.arange(2100).reshape(700, 3)
    data = Arrays(save(x=x, y=x[:, 0] % 2 == 0), "x", "y")
    assert (data.x_shape, data.y_dims) == ((3,), 1)


X, Y = numbers()


@pytest.mark.parametrize(
    ("arrays", "spec", "sentence"),
    [
        ({"x": X, "y": Y}, {"y": "targets"}, "no array 'targets'; valid names: x, y"),
        ({"x": X, "target": Y}, {"y": "targets"}, "no array 'targets'; did you mean 'target'"),
        ({"x": X, "y": Y[:-1]}, {}, "'x' has 600 rows but 'y' has 599"),
        ({"x": X, "y": np.where(Y > 1, np.nan, Y)}, {}, "'y' has NaN or infinite values in"),
        ({"x": X * 1e300, "y": Y}, {}, "'x' has NaN or infinite values in 600 rows"),
        ({"x": X, "y": Y.astype(str)}, {}, "'y' holds <U"),
        ({"x": X, "y": Y + 1j}, {}, "'y' holds complex128, not numbers"),
        ({"x": X, "y": Y.astype(object)}, {}, "'y' is damaged or holds Python objects"),
        ({"x": X, "y": np.float64(3)}, {}, r"'y' has the shape \(\)"),
        ({"x": X[:0], "y": Y[:0]}, {}, r"'x' has the shape \(0, 2, 3\)"),
        ({"x": X[:50], "y": Y[:50]}, {}, "50 rows leave .* at least 40 are needed"),
        ({"x": X, "y": Y}, {"z": "x"}, "unknown key 'z'"),
        ({"x": X, "y": Y}, {"y": None}, "'y' is missing; write {npz: FILE, x: X, y: Y}"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(save, arrays, spec, sentence):
    with pytest.raises(UserError, match=sentence):
        load_data({"npz": str(save(**arrays)), "x": "x", "y": "y", **spec})


def test_files_that_are_none(tmp_path):
    spec = {"x": "x", "y": "y"}
    with pytest.raises(UserError, match=r"none\.npz: there is no such file"):
        load_data({"npz": tmp_path / "none.npz", **spec})
    (tmp_path / "text.npz").write_text("x,y\n1,2\n")
    with pytest.raises(UserError, match=r"text\.npz: this is not an \.npz file"):
        load_data({"npz": tmp_path / "text.npz", **spec})
    np.save(tmp_path / "one.npy", X)
    with pytest.raises(UserError, match=r"one\.npy: this is a single array"):
        load_data({"npz": tmp_path / "one.npy", **spec})
    np.savez(tmp_path / "cut.npz", x=X, y=Y)
    whole = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.npz: this is not an \.npz file"):
        load_data({"npz": tmp_path / "cut.npz", **spec})
    flipped = bytearray(whole)
    flipped[300] ^= 255
    (tmp_path / "flipped.npz").write_bytes(flipped)
    with pytest.raises(UserError, match="the array 'x' is damaged"):
        load_data({"npz": tmp_path / "flipped.npz", **spec})


def test_columns_far_from_zero_keep_their_digits(save):
    """Time stamps: float32 has one value for 1.7e9 + N(0, 1)."""
    x, y = numbers()
    far = x.reshape(ROWS, -1) + 1.7e9
    data, plain = (Arrays(save(x=one, y=y + 2.4e6), "x", "y") for one in (far, far))
    split = data.split("validation")
    assert len(split.x[:, 0].unique()) == len(split.x)
    scaled = data.epoch(data.passes(1), 1, torch.Generator()).x[0].double()
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(0, correction=0), 1, rtol=1e-5)
    raw = data.transforms.x.outside(split.x)
    np.testing.assert_allclose(data.transforms.x.inside(raw), split.x, atol=1e-6)
    assert np.abs(far[:, None, :] - raw).max(-1).min(0).max() < 1e-5
    again = type(data.transforms).from_json(data.transforms.to_json())
    np.testing.assert_allclose(again.x.outside(split.x), raw)
    assert plain.key == data.key


def test_ordinary_columns_are_what_float32_gave(save):
    x, y = numbers()
    data = Arrays(save(x=x, y=y), "x", "y")
    rows = x.reshape(ROWS, 6).astype(np.float32)
    shift, scale = data.transforms.x.shift.float(), data.transforms.x.scale.float()
    before = (torch.from_numpy(rows) - shift) / scale
    split = data.split("test")
    nearest = (before[:, None] - split.x).abs().amax(-1).amin(0)
    assert nearest.max() < 2e-6


@pytest.mark.parametrize("dtype", ["<f8", ">f8", ">i4", "<f4", ">f4", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_order_of_bytes_and_of_axes(save, dtype, order):
    x, y = numbers()
    x = np.round(x.reshape(ROWS, -1) * 8)
    plain = Arrays(save("a.npz", x=x, y=y.round()[:, None]), "x", "y")
    turned = np.asarray(x, dtype, order=order), np.asarray(y.round()[:, None], dtype, order=order)
    other = Arrays(save("b.npz", x=turned[0], y=turned[1]), "x", "y")
    assert plain.key == other.key


@pytest.mark.parametrize("key", ["x", "y"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1.7e9])
def test_what_never_varies_is_refused(save, key, value):
    x, y = numbers()
    arrays = {"x": x.reshape(ROWS, -1), "y": y} | {key: np.full((ROWS, 2), value)}
    with pytest.raises(UserError, match=f"every row of '{key}' is the same"):
        Arrays(save(**arrays), "x", "y")


def test_tiny_numbers_are_standardised_too(save):
    x, y = numbers()
    data = Arrays(save(x=x * 1e-200, y=y * 1e-30), "x", "y")
    assert data.split("test").x.isfinite().all()
    assert 0.5 < data.split("test").x.std() < 2


def test_rows_of_one_x_stay_together_whatever_their_y(save):
    x, y = numbers(450)
    twice = np.concatenate([x, x]).reshape(900, -1)
    data = Arrays(save(x=twice, y=np.concatenate([y, y + 1])), "x", "y")
    held = [{tuple(row) for row in data.split(n).x.tolist()} for n in ("validation", "test")]
    train = {tuple(row) for row in data.epoch(data.passes(1), 1, torch.Generator()).x[0].tolist()}
    assert not held[0] & held[1]
    assert not train & (held[0] | held[1])
    assert len(train) + len(held[0]) + len(held[1]) == 450
