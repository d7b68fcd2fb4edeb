"""dSprites as data sets: drawn, sub-grids, the published file and selections of it."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from symray.data import DATA_SETS, load_data
from symray.data import dsprites as module
from symray.data.dsprites import DSprites, PublishedDSprites, checked_steps, drawn, spread
from symray.data.factors import DSPRITES
from symray.data.sprites import render
from symray.errors import UserError

STEPS = (1, 2, 10, 6, 8)
SUBSET = "dsprites_subset_64834.npz"


REAL = os.environ.get("SYMRAY_DATA")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SYMRAY_DATA", raising=False)
    return tmp_path / "cache"


def publish(path: Path, steps=STEPS) -> Path:
    """A file in the published layout."""
    index = DSPRITES.every(steps)
    images = np.unpackbits(render(index), axis=1).reshape(-1, 64, 64)
    classes = np.insert(DSPRITES.classes(index), 0, 0, axis=1)
    np.savez(path, imgs=images, latents_classes=classes)
    return path


def test_a_sub_grid_is_drawn_once_and_holds_every_nth_of_each_factor():
    data = load_data({"dsprites": list(STEPS)})
    parts = [data.split("validation"), data.split("test")]
    rest = data.epoch(1, data.passes(1), torch.Generator().manual_seed(0))
    y = torch.cat([*(part.y for part in parts), rest.y[:, 0]]).long().numpy()
    x = torch.cat([*(part.x for part in parts), rest.x[:, 0]]).numpy()
    index = DSPRITES.index(y)
    np.testing.assert_array_equal(np.sort(index), DSPRITES.every(STEPS))
    np.testing.assert_array_equal(x, render(index))
    assert data.factor_names == DSPRITES.names
    assert data.steps == STEPS
    folder = drawn(STEPS)
    written = (folder / "stored.npy").stat().st_mtime_ns
    assert load_data({"dsprites": list(STEPS)}).key == data.key
    assert (folder / "stored.npy").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "steps",
    [[1, 1, 1, 1], [1, 1, 1, 1, 32], [3, 1, 1, 1, 1], [0, 1, 1, 1, 1], [1.0] * 5, [True] * 5, 4],
)
def test_steps_that_make_no_sub_grid(steps):
    with pytest.raises(UserError, match="takes every n-th shape, scale, orientation, x and y"):
        checked_steps(steps)
    with pytest.raises(UserError, match="data: dsprites takes every n-th"):
        load_data({"dsprites": steps})


def test_other_keys_beside_the_steps():
    with pytest.raises(UserError, match="data: unknown key 'x' beside dsprites"):
        load_data({"dsprites": [1] * 5, "x": "x"})


@pytest.mark.parametrize(("steps", "most"), [(STEPS, 10**6), ((1, 1, 1, 1, 1), 50_000)])
def test_a_spread_shows_each_factor_evenly(steps, most):
    index = spread(steps, most)
    assert len(index) <= most
    classes = DSPRITES.classes(index)
    assert set(index) <= set(DSPRITES.every(steps).tolist())
    for column in classes.T:
        counts = np.unique(column, return_counts=True)[1]
        assert counts.max() - counts.min() <= 0.02 * counts.mean()
    places = np.unique(classes[:, 3:], axis=0, return_counts=True)[1]
    sizes = [-(-n // step) for n, step in zip(DSPRITES.sizes, steps, strict=True)]
    assert len(places) == sizes[3] * sizes[4]
    assert places.min() >= 36 if most < 10**6 else places.min() == places.max()
    kinds = np.unique(classes[:, :3], axis=0, return_counts=True)[1]
    assert len(kinds) == sizes[0] * sizes[1] * sizes[2]
    assert kinds.min() == kinds.max()


def test_the_published_file_or_any_selection_of_it_is_read_once(tmp_path, cache):
    assert not PublishedDSprites.is_prepared()
    with pytest.raises(UserError, match="run `symray data prepare dsprites_published`"):
        load_data("dsprites_published")
    heard = []
    PublishedDSprites.prepare(
        publish(tmp_path / "some.npz"), lambda what, done, total: heard.append(what)
    )
    data = load_data("dsprites_published")
    assert any("some.npz" in what for what in heard)
    assert (data.name, data.factor_names) == ("dsprites_published", DSPRITES.names)
    split = data.split("test")
    np.testing.assert_array_equal(split.x.numpy(), render(DSPRITES.index(split.y.long().numpy())))
    (tmp_path / "more").mkdir()
    publish(tmp_path / "more" / "dsprites_more.npz", (1, 1, 10, 6, 8))
    PublishedDSprites.prepare(tmp_path / "more")
    assert load_data("dsprites_published").key != data.key


def test_a_folder_of_data_is_looked_into_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMRAY_DATA", str(tmp_path))
    publish(tmp_path / "dsprites_here.npz")
    monkeypatch.setattr(module, "fetch", None)
    PublishedDSprites.prepare()
    assert PublishedDSprites.is_prepared()


def test_without_one_the_publisher_is_asked(tmp_path, monkeypatch):
    asked = []

    def fetch(url, checksum, path, progress):
        asked.append((url, checksum))
        return publish(tmp_path / "fetched.npz")

    monkeypatch.setattr(module, "fetch", fetch)
    PublishedDSprites.prepare()
    ((url, checksum),) = asked
    assert url.endswith("dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz")
    assert checksum.startswith("md5:")
    assert PublishedDSprites.is_prepared()


def test_sources_that_cannot_be_used(tmp_path):
    with pytest.raises(UserError, match="there is no file of dSprites' images"):
        PublishedDSprites.prepare(tmp_path)
    with pytest.raises(UserError, match="is drawn and reads no file; prepare dsprites_published"):
        DSprites.prepare(tmp_path / "a.npz")


def test_the_named_sets_are_listed_and_drawing_is_announced(monkeypatch):
    assert {"dsprites", "dsprites_published"} <= DATA_SETS.keys()
    assert not DSprites.is_prepared()
    heard = []
    monkeypatch.setattr(module, "_ALL", STEPS)  # the full grid takes seconds
    DSprites.prepare(progress=lambda what, done, total: heard.append(what))
    assert heard == ["drawing 737,280 images"]
    assert DSprites.is_prepared()
    assert load_data("dsprites").name == "dsprites"


def test_the_real_subset_is_a_data_set():
    if not REAL or not (Path(REAL) / SUBSET).exists():
        pytest.skip(f"real dSprites images are not here: SYMRAY_DATA names no folder with {SUBSET}")
    PublishedDSprites.prepare(Path(REAL))
    data = load_data("dsprites_published")
    assert data.factor_names == DSPRITES.names
    sizes = [data.passes(1), *(len(data.split(name).x) for name in ("validation", "test"))]
    assert sum(sizes) == 64_834
    assert all(5_500 < size < 7_500 for size in sizes[1:])
