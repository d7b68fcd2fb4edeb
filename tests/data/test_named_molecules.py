"""QM9 and ZINC: what is in them, and that nothing that is held out was seen before."""

import os
from pathlib import Path

import numpy as np
import pytest

from symray.chem import canonical_batch, qed
from symray.data import DATA_SETS, load_data, named_data_set
from symray.data.fetch import silent
from symray.data.molecule_files import read_molecules
from symray.errors import UserError

HARTREE = 27.2114


def data_folder() -> Path:
    folder = os.environ.get("SYMRAY_DATA")
    if not folder:
        pytest.skip("SYMRAY_DATA names no folder of real data")
    return Path(folder)


@pytest.fixture
def small(tmp_path, own_cache, chains, monkeypatch):
    """A folder with files of the published form: chains, of which the isomers are a part."""
    monkeypatch.delenv("SYMRAY_DATA", raising=False)
    smiles = chains(2000)
    isomers = [f"{s},{i / 100},{i}" for i, s in enumerate(smiles[:600])]
    (tmp_path / "qm9_c7h10o2.csv").write_text("\n".join(["smiles,gap_Ha,alpha_a03", *isomers]))
    (tmp_path / "qm9_smiles.csv").write_text("\n".join(["smiles", *reversed(smiles)]))
    (tmp_path / "zinc250k.smi").write_text("\n".join([*smiles[:500], "C(("]))
    return tmp_path


def test_molecule_sets_are_prepared_from_a_folder_and_found_again(small):
    for name in ("qm9", "qm9_unlabelled", "zinc"):
        with pytest.raises(UserError, match=f"not prepared .*symray data prepare {name}"):
            load_data(name)
    for name in ("qm9_unlabelled", "zinc"):
        named_data_set(name).prepare(small)
    assert all(DATA_SETS[name].is_prepared() for name in ("qm9", "qm9_unlabelled", "zinc"))
    assert load_data("qm9").key != load_data("qm9_unlabelled").key


def test_nothing_that_qm9_holds_out_is_in_what_pretrains(small):
    named_data_set("qm9_unlabelled").prepare(small)
    qm9, unlabelled = load_data("qm9"), load_data("qm9_unlabelled")
    held_out = qm9.molecules("validation") | qm9.molecules("test")
    assert len(held_out) == 80
    assert not held_out & set(unlabelled.canonical)
    assert len(unlabelled.canonical) == 2000 - 80
    assert qm9.molecules("train") <= set(unlabelled.canonical)
    assert unlabelled.x_shape == qm9.x_shape
    assert unlabelled.y_dims == qm9.y_dims == 2
    assert not unlabelled.split("validation").y.any()


def test_another_qm9_makes_the_pretraining_data_anew(small):
    named_data_set("qm9_unlabelled").prepare(small)
    path = small / "qm9_c7h10o2.csv"
    path.write_text("\n".join(path.read_text().split("\n")[:-50]))
    named_data_set("qm9").prepare(path)
    assert not DATA_SETS["qm9_unlabelled"].is_prepared()


def test_zinc_has_rdkits_qed_and_says_what_it_left_out(small):
    said = []
    named_data_set("zinc").prepare(small, lambda what, done, total: said.append(what))
    data = load_data("zinc")
    split = data.split("test")
    smiles = data.transforms.x.outside(split.x)
    np.testing.assert_allclose(data.transforms.y.outside(split.y)[:, 0], qed(smiles), atol=1e-6)
    assert said[-1].startswith("1 rows can't be used and are left out, the first: line 501: 'C(('")


def test_a_folder_without_such_a_file_is_refused(small):
    (small / "zinc250k.smi").unlink()
    with pytest.raises(UserError, match="there is no file zinc250k"):
        named_data_set("zinc").prepare(small)


def test_the_isomers_of_qm9(own_cache):
    named_data_set("qm9").prepare(data_folder(), silent)
    data = load_data("qm9")
    assert data.x_shape == (76, 76)
    parts = [data.molecules(part) for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [5485, 305, 305]
    rows = read_molecules(data_folder() / "qm9_c7h10o2.csv", "smiles", ["gap_Ha", "alpha_a03"])
    assert set().union(*parts) == set(canonical_batch(rows.smiles, stereo=False).smiles)
    gap, alpha = (rows.y - np.median(rows.y, axis=0)).T
    assert np.abs(gap).mean() * HARTREE == pytest.approx(1.066, abs=2e-3)
    assert np.abs(alpha).mean() == pytest.approx(1.76, abs=5e-3)


@pytest.mark.slow
def test_the_pretraining_set_of_qm9_holds_nothing_back(own_cache):
    named_data_set("qm9_unlabelled").prepare(data_folder(), silent)
    qm9, unlabelled = load_data("qm9"), load_data("qm9_unlabelled")
    held_out = qm9.molecules("validation") | qm9.molecules("test")
    assert not held_out & set(unlabelled.canonical)
    assert len(unlabelled._rows["train"]) == 100_000
    assert len(unlabelled.bad) == 6
