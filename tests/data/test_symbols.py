import numpy as np
import pytest
import torch

from symray.chem import DeepSmilesCodec, GrammarCodec
from symray.data.units import Affine, Symbols, Units
from symray.errors import UserError

SMILES = ["CCO", "c1ccccc1", "N#CC"]
CODECS = [GrammarCodec(40), DeepSmilesCodec("CNO#c)6", 20)]


@pytest.mark.parametrize("codec", CODECS)
def test_there_and_back(codec):
    units = Symbols(codec)
    stored = units.inside(SMILES)
    assert (stored.dtype, stored.shape) == (torch.uint8, (3, codec.length))
    assert units.outside(stored) == SMILES
    seen = units.expand(stored)
    expected = np.eye(codec.vocabulary_size, dtype=np.float32)[stored.numpy()]
    np.testing.assert_array_equal(seen.numpy(), expected)
    assert torch.equal(units.expand(stored[:, None]), seen[:, None])
    assert torch.equal(units.mode(seen), stored)


def test_the_mode_is_a_string_of_the_grammar():
    units = Symbols(GrammarCodec(40))
    logits = torch.randn(50, 40, 76, generator=torch.Generator().manual_seed(0))
    indices = units.mode(logits)
    assert torch.equal(indices, torch.from_numpy(units.codec.choose(logits.numpy())))
    assert None not in units.outside(indices)


def test_units_are_plain_json():
    units = Units(Symbols(GrammarCodec(40), canonical=True), Affine.identity(2))
    again = Units.from_json(units.to_json())
    assert again.x == units.x
    assert again.x.canonical


def test_canonical_units_take_any_way_to_write_a_molecule():
    units = Symbols(GrammarCodec(76), canonical=True)
    ways = units.inside(["OCC", "CCO", "C(O)C"])
    assert torch.equal(ways[0], ways[1])
    assert units.outside(ways) == ["CCO"] * 3
    assert units.outside(units.inside(["C[C@H](O)N"])) == ["CC(N)O"]
    assert Symbols(GrammarCodec(76)).outside(Symbols(GrammarCodec(76)).inside(["OCC"])) == ["OCC"]


def test_what_is_no_molecule_is_named():
    units = Symbols(GrammarCodec(40))
    with pytest.raises(UserError, match=r"^line 2: 'CC\(' can't be read by RDKit"):
        units.inside(["CC", "CC(", ")"])
    with pytest.raises(UserError, match="must be a list of SMILES, not str"):
        units.inside("CC")
    encoded = units.encoded(["CC", "", "C" * 60, "C(C)(C)(C)(C)C", "[Si]"])
    assert [one.row for one in encoded.bad] == [1, 2, 3, 4]
    reasons = [one.reason for one in encoded.bad]
    assert "too long" in reasons[1]
    assert "RDKit" in reasons[2]
    assert "grammar" in reasons[3]
    assert [one.smiles for one in encoded.bad][2] == "C(C)(C)(C)(C)C"
