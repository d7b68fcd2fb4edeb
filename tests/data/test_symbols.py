import numpy as np
import pytest
import torch

from symray.chem import DeepSmilesCodec, GrammarCodec
from symray.data.transforms import Affine, Symbols, Transforms
from symray.errors import UserError

SMILES = ["CCO", "c1ccccc1", "N#CC"]
CODECS = [GrammarCodec(40), DeepSmilesCodec("CNO#c)6", 20)]


@pytest.mark.parametrize("codec", CODECS)
def test_there_and_back(codec):
    transform = Symbols(codec)
    stored = transform.inside(SMILES)
    assert (stored.dtype, stored.shape) == (torch.uint8, (3, codec.length))
    assert transform.outside(stored) == SMILES
    seen = transform.expand(stored)
    expected = np.eye(codec.vocabulary_size, dtype=np.float32)[stored.numpy()]
    np.testing.assert_array_equal(seen.numpy(), expected)
    assert torch.equal(transform.expand(stored[:, None]), seen[:, None])
    assert torch.equal(transform.mode(seen), stored)


def test_the_mode_is_a_string_of_the_grammar():
    transform = Symbols(GrammarCodec(40))
    logits = torch.randn(50, 40, 76, generator=torch.Generator().manual_seed(0))
    indices = transform.mode(logits)
    assert torch.equal(indices, torch.from_numpy(transform.codec.choose(logits.numpy())))
    assert None not in transform.outside(indices)


def test_units_are_plain_json():
    transform = Transforms(Symbols(GrammarCodec(40), canonical=True), Affine.identity(2))
    again = Transforms.from_json(transform.to_json())
    assert again.x == transform.x
    assert again.x.canonical


def test_canonical_units_take_any_way_to_write_a_molecule():
    transform = Symbols(GrammarCodec(76), canonical=True)
    ways = transform.inside(["OCC", "CCO", "C(O)C"])
    assert torch.equal(ways[0], ways[1])
    assert transform.outside(ways) == ["CCO"] * 3
    assert transform.outside(transform.inside(["C[C@H](O)N"])) == ["CC(N)O"]
    assert Symbols(GrammarCodec(76)).outside(Symbols(GrammarCodec(76)).inside(["OCC"])) == ["OCC"]


def test_what_is_no_molecule_is_named():
    transform = Symbols(GrammarCodec(40))
    with pytest.raises(UserError, match=r"^line 2: 'CC\(' can't be read by RDKit"):
        transform.inside(["CC", "CC(", ")"])
    with pytest.raises(UserError, match="must be a list of SMILES, not str"):
        transform.inside("CC")
    encoded = transform.encoded(["CC", "", "C" * 60, "C(C)(C)(C)(C)C", "[Si]"])
    assert [one.row for one in encoded.bad] == [1, 2, 3, 4]
    reasons = [one.reason for one in encoded.bad]
    assert "too long" in reasons[1]
    assert "RDKit" in reasons[2]
    assert "grammar" in reasons[3]
    assert [one.smiles for one in encoded.bad][2] == "C(C)(C)(C)(C)C"
