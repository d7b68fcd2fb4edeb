"""What a report says of data, and what it warns of."""

import json

import numpy as np
import pytest

from symray.data import load_data

ROWS = 900
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(ROWS, 3)), RNG.normal(size=ROWS)


@pytest.fixture
def report(tmp_path):
    def report(**arrays):
        np.savez(tmp_path / "data.npz", **{"x": X, "y": Y} | arrays)
        found = load_data({"npz": str(tmp_path / "data.npz"), "x": "x", "y": "y"}).report()
        assert json.loads(json.dumps(found.to_json()))["warnings"] == found.warnings
        return found

    return report


def test_good_data_are_described_without_a_warning(report):
    found = report()
    assert (found.rows, found.used, sum(found.splits.values())) == (ROWS, ROWS, ROWS)
    assert [column.name for column in found.columns] == ["x1", "x2", "x3", "y1"]
    for column, values in zip(found.columns, [*X.T, Y], strict=True):
        assert (column.low, column.high) == (values.min(), values.max())
        assert column.distinct == column.seen == ROWS
    assert (found.warnings, found.across_splits) == ([], 0)
    assert set(found.repeats.values()) == {0}


def test_repeats_are_counted_and_kept_in_one_split(report):
    found = report(x=np.concatenate([X, X[:50], X[:20]]), y=np.concatenate([Y, Y[:50], Y[:20] + 1]))
    assert list(found.repeats.values()) == [50, 20]
    assert found.across_splits == 0


def test_a_target_that_is_nearly_one_value_is_warned_of(report):
    found = report(y=(np.arange(ROWS) % 50 == 0) * 1.0)
    (warning,) = found.warnings
    assert warning.startswith("y1 is 0 in 98.0% of the rows")
    found = report(y=np.stack([Y, np.full(ROWS, 3)], axis=1))
    assert found.warnings == ["y2 is 3 in every row: there is nothing to learn of it"]


def test_columns_of_x_are_warned_of_in_one_sentence_each(report):
    x = np.concatenate([X, np.ones((ROWS, 2)), np.eye(ROWS)[:, :4]], axis=1)
    assert report(x=x).warnings == [
        "2 of 9 columns of X have one value in every row: x4, x5",
        "4 of 9 columns of X have one value in 95% of the rows or more: x6, x7, x8, x9",
    ]


def test_digits_that_networks_lose_are_warned_of(report):
    far = X.copy()
    far[0, 1] = 1e12
    (warning,) = report(x=far).warnings
    assert warning.startswith("x2 has 900 different values in the file and 2 as networks see it")
    stamps = X + 1.7e9
    assert report(x=stamps).warnings == []


def test_images_say_what_was_read_and_which_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    bits = RNG.integers(0, 2, (ROWS, 64, 64), dtype=np.uint8)
    factors = np.stack([np.arange(ROWS) % 3, np.full(ROWS, 2), np.arange(ROWS) < 10], axis=1)
    np.savez(
        tmp_path / "i.npz",
        x=np.concatenate([bits, bits[:30]]) * 9,
        f=np.vstack([factors, factors[:30]]),
    )
    found = load_data({"npz": str(tmp_path / "i.npz"), "images": "x", "factors": "f"}).report()
    assert found.x == "images of 64 x 64 pixels, values 0..9 read as grey levels of 9"
    assert (found.rows, list(found.repeats.values()), found.across_splits) == (930, [30], 0)
    assert [column.name for column in found.columns] == ["f 1", "f 3"]
    assert found.notes == ("factors that never vary are left out: f 2",)
    assert found.warnings[0].startswith("f 3 is 0 in 97.8% of the rows")


def test_molecules_say_which_rows_are_left_out_and_why(own_cache, chains, tmp_path):
    path = tmp_path / "m.csv"
    rows = [f"{s},{i % 9}" for i, s in enumerate(chains(600))]
    path.write_text("\n".join(["smiles,y", *rows, "C(,1", "CCC,x", "CC,1,2", rows[0]]))
    found = load_data({"csv": str(path), "targets": ["y"]}).report()
    assert (found.rows, found.used) == (604, 601)
    assert found.bad == {
        "are no molecules to RDKit": 1,
        "have no number for y": 1,
        "have another number of cells than the header": 1,
    }
    assert [e.partition(":")[0] for e in found.examples] == ["line 602", "line 603", "line 604"]
    assert list(found.repeats.values()) == [1, 0, 0]
    assert [(c.name, c.low, c.high, c.distinct) for c in found.columns] == [("y", 0, 8, 9)]


def test_endless_data_say_what_is_held_out():
    found = load_data("artificial").report()
    assert (found.rows, found.splits) == (None, {"validation": 10_000, "test": 10_000})
    assert [column.side for column in found.columns] == ["y", "y"]
