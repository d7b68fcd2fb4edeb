import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from symray.chem import assess, canonical_batch

POOL = ["CCO", "OCC", "CC", "C1CC", "", "c1ccccc1", "C1=CC=CC=C1", "N(C)(C)(C)C", None]
POOL += ["C[C@H](F)Cl", "C[C@@H](F)Cl"]


def moses(generated, training, k):
    """Polykovskiy et al. 2020, as their text defines it, one molecule at a time."""
    read = []
    for smiles in generated:
        if smiles:
            molecule = Chem.MolFromSmiles(smiles)
            if molecule is not None:
                Chem.SanitizeMol(molecule)
                read.append(Chem.MolToSmiles(molecule))
    unique = []
    for one in read:
        if one not in unique:
            unique.append(one)
    unseen = [one for one in unique if one not in training]
    head = read[:k]
    return (
        len(read) / len(generated),
        len(unique) / len(read) if read else 0,
        len(unseen) / len(unique) if unique else 0,
        len({*head}) / len(head) if head else 0,
    )


@settings(max_examples=100)
@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=12))
def test_as_moses_defines_it(generated):
    training = ["CCO", "C[C@H](F)Cl"]
    found = assess(generated, training)
    assert (found.valid, found.unique, found.novel, found.unique_at(3)) == moses(
        generated, training, 3
    )


def test_an_example_by_hand():
    found = assess(["CCO", "OCC", None, "CC", "C1CC", "CN"], {"CC"})
    assert found.count == 6
    assert found.molecules == ["CCO", "CCO", "CC", "CN"]
    assert (found.valid, found.unique, found.novel) == (4 / 6, 3 / 4, 2 / 3)
    assert found.unique_at(2) == 0.5
    assert found.unique_at(1000) == found.unique


def test_stereo_can_be_left_out():
    training = [one for one in canonical_batch(["C[C@H](F)Cl"], stereo=False).smiles if one]
    assert assess(["C[C@@H](F)Cl"], training, stereo=False).novel == 0
    assert assess(["C[C@@H](F)Cl"], training).novel == 1


@pytest.mark.parametrize("generated", [[], [None], ["C1CC", ""]])
def test_no_molecule_at_all(generated):
    found = assess(generated, ["CC"])
    assert (found.valid, found.unique, found.novel, found.unique_at(10)) == (0, 0, 0, 0)
