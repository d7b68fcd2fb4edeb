"""The contract of all data sets: those that need nothing prepared, and one of each kind of file."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from symray.data import DATA_SETS, FORMS, DataSet, NamedDataSet, form_of, load_data, prepare_data
from symray.data.base import HELD_OUT
from symray.networks import NETWORKS

B, S = 16, 3
ROWS = 900
SPRITES = {"dsprites": [1, 1, 4, 2, 2]}
AT_ONCE = [
    name
    for name, cls in DATA_SETS.items()
    if cls.is_prepared.__func__ is NamedDataSet.is_prepared.__func__  # type: ignore[attr-defined]
]

Spec = str | Mapping[str, Any]


def numbers(folder: Path) -> Spec:
    rng = np.random.default_rng(0)
    np.savez(folder / "own.npz", x=rng.normal(size=(ROWS, 3)), y=rng.normal(size=ROWS))
    return {"npz": str(folder / "own.npz"), "x": "x", "y": "y"}


def images(folder: Path) -> Spec:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (ROWS, 64, 64), dtype=np.uint8)
    np.savez(folder / "own.npz", x=bits, f=np.arange(ROWS) % 3)
    return {"npz": str(folder / "own.npz"), "images": "x", "factors": "f"}


@pytest.fixture(params=[*AT_ONCE, "sprites", "numbers", "images", "molecules"])
def spec(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    own_cache: Path,
    chains: Callable[[int], list[str]],
) -> Spec:
    match request.param:
        case "sprites":
            return SPRITES
        case "numbers":
            return numbers(tmp_path)
        case "images":
            return images(tmp_path)
        case "molecules":
            rows = "".join(f"{s},{s.count('C')}\n" for s in chains(ROWS))
            (tmp_path / "own.csv").write_text("smiles,carbons\n" + rows)
            return {"csv": str(tmp_path / "own.csv"), "targets": ["carbons"]}
        case name:
            return str(name)


@pytest.fixture
def data(spec: Spec) -> Iterator[DataSet]:
    prepare_data(spec)
    before = torch.get_rng_state()
    yield load_data(spec)
    assert torch.equal(torch.get_rng_state(), before), "global random numbers were drawn"


def test_its_form_is_known_before_it_is_read(spec: Spec, data: DataSet) -> None:
    assert form_of(spec) == data.form
    assert data.form.networks in NETWORKS
    assert isinstance(spec, Mapping) or data.form in FORMS


def test_batches_are_drawn_by_the_generator_alone(data: DataSet) -> None:
    def draw(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        return data.epoch(B, S, torch.Generator().manual_seed(seed))

    x, y = draw(0)
    assert (x.shape[:2], y.shape) == ((S, B), (S, B, data.y_dims))
    expanded = data.transforms.x.expand(x[0])
    assert expanded.shape == (B, *data.x_shape)
    assert (expanded.dtype, y.dtype) == (torch.float32, torch.float32)
    assert expanded.isfinite().all()
    assert y.isfinite().all()
    again, other = draw(0), draw(1)
    assert torch.equal(again[0], x)
    assert torch.equal(again[1], y)
    assert not torch.equal(other[0], x)
    assert data.passes(B) >= 1


def test_held_out_splits_are_fixed_and_apart(spec: Spec, data: DataSet) -> None:
    found = []
    for name in HELD_OUT:
        split, again = data.split(name), load_data(spec).split(name)
        assert len(split.x) == len(split.y) == len(split.colour) > 0
        assert split.y.shape[1] == data.y_dims
        assert torch.equal(split.x, again.x)
        assert torch.equal(split.y, again.y)
        found.append({row.numpy().tobytes() for row in split.x})
    assert not found[0] & found[1]


def test_equal_data_have_equal_keys(spec: Spec, data: DataSet) -> None:
    assert data.key == load_data(spec).key


def test_what_was_read_is_reported(data: DataSet) -> None:
    report = data.report()
    for name in HELD_OUT:
        assert report.splits[name] == len(data.split(name).x)
    assert report.across_splits == 0
    assert json.loads(json.dumps(report.to_json()))["name"] == data.name
