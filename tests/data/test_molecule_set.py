import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symray.chem import canonical
from symray.data import form_of, load_data, prepare_data
from symray.data.molecule_set import parts_of
from symray.errors import UserError


@pytest.fixture
def table(tmp_path, chains):
    """Writes ``own.csv``: chains, and their numbers of carbons and oxygens."""

    def write(count=600, extra=(), order=None):
        rows = [f"{s},{s.count('C')},{s.count('O')}" for s in chains(count)] + list(extra)
        if order is not None:
            random.Random(order).shuffle(rows)
        path = tmp_path / f"own{order}.csv"
        path.write_text("\n".join(["SMILES,C,Number of O", *rows]) + "\n")
        return {"csv": str(path), "smiles": "SMILES", "targets": ["C", "Number of O"]}

    return write


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=4), min_size=400, max_size=900), st.randoms())
def test_parts_follow_the_molecules_not_their_order(names, shuffle):
    parts = dict(zip(names, parts_of(names, "test").tolist(), strict=True))
    order = list(range(len(names)))
    shuffle.shuffle(order)
    again = parts_of([names[i] for i in order], "test")
    assert [parts[names[i]] for i in order] == again.tolist()
    if len(set(names)) == len(names):
        counts = np.bincount(again, minlength=3)
        assert counts[1] == counts[2] == max(40, round(0.05 * len(names)))


@pytest.mark.parametrize("codec", ["grammar", "deepsmiles"])
def test_a_file_becomes_a_data_set(own_cache, table, codec):
    spec = {**table(), "codec": codec}
    form = form_of(spec)
    assert (form.x, form.y, form.networks, form.mixes_units) == ("strings", "targets", codec, True)
    assert [target.name for target in form.targets] == ["c", "number_of_o"]
    data = load_data(spec)
    splits = {name: data.split(name) for name in ("validation", "test")}
    assert [len(split.x) for split in splits.values()] == [40, 40]
    assert data.passes(52) == 10
    batch = data.epoch(52, 10, torch.Generator().manual_seed(0))
    assert batch.x.shape == (10, 52, data.x_shape[0])
    smiles = data.transforms.x.outside(batch.x.reshape(520, -1))
    y = data.transforms.y.outside(batch.y.reshape(520, -1))
    np.testing.assert_allclose(y, [[s.count("C"), s.count("O")] for s in smiles], atol=1e-4)
    assert abs(batch.y.mean()) < 1e-5
    assert abs(batch.y.reshape(520, 2).std(0, correction=0) - 1).max() < 1e-5
    assert len(set(smiles)) == 520
    parts = [data.molecules(part) for part in ("train", "validation", "test")]
    assert {canonical(s, stereo=False) for s in smiles} == parts[0]
    assert sum(map(len, parts)) == len(frozenset().union(*parts)) == 600
    np.testing.assert_array_equal(splits["test"].colour, y_of(data, splits["test"])[:, 0])


def y_of(data, split):
    return np.rint(data.transforms.y.outside(split.y))


def test_the_order_of_the_file_plays_no_role(own_cache, table):
    first, second = load_data(table(order=1)), load_data(table(order=2))
    assert first.key != second.key
    for part in ("train", "validation", "test"):
        assert first.molecules(part) == second.molecules(part)


def test_bad_rows_are_left_out_counted_and_reported_or_stop(own_cache, table):
    spec = table(extra=["CC(,2,0", ",0,0", "CCC,many,0", "C(C)(C)(C)(C)C,6,0"])
    said = []
    prepare_data(spec, lambda what, done, total: said.append(what))
    data = load_data(spec)
    assert len(data.bad) == 4
    assert data.bad[0].sentence.startswith("line 602: 'CC(' can't be read by RDKit")
    assert data.bad[1].sentence.startswith("line 603: an empty string")
    assert data.bad[2].sentence == "line 604: the row has 'many' for C, which is no number"
    assert said[-1].startswith("4 rows can't be used and are left out, the first: line 602")
    with pytest.raises(UserError, match=r"line 602: .* and 3 more .bad_rows: skip"):
        load_data({**spec, "bad_rows": "stop"})


def test_a_second_start_reads_the_cache_and_shares_it(own_cache, table, monkeypatch):
    spec = table()
    load_data(spec)
    monkeypatch.setattr("symray.data.own_molecules.read_molecules", None)  # nothing is read again
    data = load_data(spec)
    assert isinstance(data._stored, np.memmap)


def test_molecules_without_targets_have_no_y(own_cache, table):
    spec = {**table(), "targets": []}
    assert form_of(spec).y == "none"
    assert load_data(spec).split("test").y.abs().max() == 0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"codec": "selfies"}, "there is no codec 'selfies'"),
        ({"smile": "SMILES"}, "unknown key 'smile'; did you mean 'smiles'"),
        ({"csv": "missing.csv"}, "there is no such file"),
        ({"targets": ["log P", "log_p"]}, "two targets would be called 'log_p'"),
        ({"targets": ["weight"]}, "no column 'weight'"),
    ],
)
def test_mistakes_are_named(own_cache, table, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        load_data({**table(), **changes})


def test_too_few_are_refused(own_cache, table):
    with pytest.raises(UserError, match=r"300 molecules are too few.*give 400 or more"):
        load_data(table(300))


def test_the_cache_tells_apart_how_a_file_is_read(own_cache, tmp_path, chains):
    """The same bytes under two names are two tables, and names of columns aren't run together."""
    spec = {"csv": str(tmp_path / "c.csv")}
    rows = [f"{s},{i % 5},{i % 7},{i % 3}" for i, s in enumerate(chains(500))]
    (tmp_path / "c.csv").write_text("\n".join(["smiles,a|b,a,b", *rows]))
    one, two = load_data({**spec, "targets": ["a|b"]}), load_data({**spec, "targets": ["a", "b"]})
    assert (one.y_dims, two.y_dims) == (1, 2)
    assert one.key != two.key
    (tmp_path / "c.smi").write_text((tmp_path / "c.csv").read_text())
    assert load_data({"csv": str(tmp_path / "c.smi"), "targets": ["a|b"]}).key != one.key


def test_more_than_a_share_of_bad_rows_stops(own_cache, table):
    spec = table(extra=["CC(,2,0"] * 40)
    with pytest.raises(UserError) as error:
        load_data(spec)
    sentence = str(error.value)
    assert "40 of 640 rows can't be used, above bad_rows_most 0.05" in sentence
    assert "40 are no molecules to RDKit; line 602: 'CC('" in sentence
    assert len(sentence) <= 300
    assert load_data({**spec, "bad_rows_most": 0.1}).rows == 640
    with pytest.raises(UserError, match="40 of 640"):  # from the cache as well
        load_data(spec)


def test_rows_that_are_all_bad_are_told_as_such(own_cache, table):
    spec = table(0, extra=[f'C,"{i},5",0' for i in range(500)])
    with pytest.raises(UserError) as error:
        load_data({**spec, "bad_rows_most": 1})
    sentence = str(error.value)
    assert "none of 500 rows can be used: 500 have no number for C; line 2: " in sentence
    assert sentence.count("; line ") >= 2
    assert len(sentence) <= 300


def test_a_target_of_one_value_is_refused(own_cache, table, chains, tmp_path):
    path = tmp_path / "constant.csv"
    path.write_text(
        "\n".join(["smiles,a,b", *(f"{s},{i % 9},3" for i, s in enumerate(chains(500)))])
    )
    with pytest.raises(UserError, match=r"target 2 is 3 for all 500 molecules.*leave it out"):
        load_data({"csv": str(path), "targets": ["a", "b"]})


def test_a_molecule_its_salts_and_its_tautomers_are_in_one_part(own_cache, chains, tmp_path):
    path = tmp_path / "salts.csv"
    acids = [f"{s}CC(=O)O" for s in chains(450)]
    salts = [f"{acid[:-1]}[O-].[Na+]" for acid in acids]
    rows = [f"{s},{i % 7}" for i, s in enumerate([*acids, *salts, *acids[:30]])]
    path.write_text("\n".join(["smiles,y", *rows]))
    data = load_data({"csv": str(path), "targets": ["y"]})
    bare = {
        part: {s.partition(".")[0].replace("[O-]", "O") for s in data.molecules(part)}
        for part in ("train", "validation", "test")
    }
    acid = {part: {canonical(s) for s in found} for part, found in bare.items()}
    assert sum(map(len, acid.values())) == len(frozenset().union(*acid.values()))
    assert data._relatives["repeated"] == 30
    assert data._relatives["relatives"] == 450
