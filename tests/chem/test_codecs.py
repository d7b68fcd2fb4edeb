"""The contract of all codecs."""

import json

import numpy as np
import pytest

from symray.chem import CODECS, DeepSmilesCodec, GrammarCodec, codec_from_json
from symray.errors import UserError

SMILES = ["CCO", "C1CC", "c1ccccc1", None, "CC(=O)N", "CC%", "C" * 300]


@pytest.fixture(params=sorted(CODECS))
def codec(request):
    return CODECS[request.param]()


def test_molecules_come_back(codec):
    indices = codec.encode("CC(=O)Nc1ccccc1")
    assert indices.dtype == np.uint8
    assert indices.ndim == 1
    assert codec.padding not in indices
    assert codec.decode(indices) == "CC(=O)Nc1ccccc1"
    assert codec.decode([*indices, codec.padding, codec.padding]) == "CC(=O)Nc1ccccc1"


def test_a_batch_is_padded_and_reports_its_bad_rows(codec):
    seen = []
    encoded = codec.encode_batch(SMILES, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (7, 7)
    assert encoded.indices.shape == (7, codec.length)
    assert encoded.indices.dtype == np.uint8
    bad = [one.row for one in encoded.bad]
    assert {3, 5, 6} <= set(bad) <= {1, 3, 5, 6}
    for row, smiles in enumerate(SMILES):
        length = encoded.lengths[row]
        assert (encoded.indices[row, length:] == codec.padding).all()
        if row in bad:
            assert length == 0
        else:
            np.testing.assert_array_equal(encoded.indices[row, :length], codec.encode(smiles))
    decoded = codec.decode_batch(encoded.indices)
    assert decoded[0] == "CCO"
    assert decoded[3] is None
    assert encoded.bad[-1].sentence(first_line=2).startswith("line 8: 'CCCC")
    assert "is too long" in encoded.bad[-1].sentence()


def test_many_chunks_keep_the_order(codec):
    smiles = ["C" * (1 + n % 7) for n in range(25_000)]
    done = []
    encoded = codec.encode_batch(smiles, lambda part, total: done.append((part, total)))
    assert codec.decode_batch(encoded.indices) == smiles
    assert done == sorted(done)
    assert len(done) > 2
    assert done[-1] == (25_000, 25_000)


def test_nothing_is_a_batch_too(codec):
    assert codec.encode_batch([]).indices.shape == (0, codec.length)
    assert codec.decode_batch(np.zeros((0, codec.length), np.uint8)) == []
    assert codec.choose(np.zeros((0, codec.length, codec.vocabulary_size))).shape == (
        0,
        codec.length,
    )
    assert type(codec).fit([])[0].vocabulary_size == codec.vocabulary_size


def test_fit_is_just_long_enough(codec):
    fitted, encoded = type(codec).fit(SMILES[:3] + SMILES[4:5])
    assert fitted.length == encoded.lengths.max() == encoded.indices.shape[1]
    assert encoded.indices[:, -1].min() != fitted.padding


def test_the_description_survives_json(codec):
    again = codec_from_json(json.loads(json.dumps(codec.to_json())))
    assert again == codec
    assert hash(again) == hash(codec)
    assert "symbols" in repr(codec)
    again.must_match(codec.to_json(), "the model")


def test_another_codec_is_refused(codec):
    other = DeepSmilesCodec() if isinstance(codec, GrammarCodec) else GrammarCodec()
    assert codec != other
    with pytest.raises(UserError, match="the model was made with another codec: 'codec' is"):
        codec.must_match(other.to_json(), "the model")
    with pytest.raises(UserError, match=rf"'length' is 99 there and {codec.length} here$"):
        codec.must_match({**codec.to_json(), "length": 99}, "the model")


def test_descriptions_that_are_none():
    with pytest.raises(UserError, match="no codec 'gramar'; did you mean 'grammar'"):
        codec_from_json({"codec": "gramar"})
    with pytest.raises(UserError, match="its keys are codec, size"):
        codec_from_json({"codec": "grammar", "size": 3})
    with pytest.raises(UserError, match="another codec: 'version' is 0 there and 1 here"):
        codec_from_json({**GrammarCodec(9).to_json(), "version": 0})
    rules = GrammarCodec(9).to_json()
    rules["rules"] = rules["rules"][::-1]
    with pytest.raises(UserError, match="another codec: 'rules' is"):
        codec_from_json(rules)


@pytest.mark.parametrize(
    "indices", [[[0.5]], [0, 1], [[255]], [[-1]], [[[1]]]], ids=["float", "1d", "big", "-", "3d"]
)
def test_indices_that_are_none(codec, indices):
    with pytest.raises(ValueError, match="indices"):
        codec.decode_batch(indices)


def test_logits_that_are_none(codec):
    logits = np.zeros((3, codec.length, codec.vocabulary_size), np.float32)
    logits[2, 7, 1] = np.nan
    logits[0, 0, :2] = [np.inf, -np.inf]
    with pytest.raises(UserError, match="NaN in row 2 at position 7"):
        codec.choose(logits)
    logits[2, 7, 1] = 0
    assert codec.choose(logits).shape == (3, codec.length)
    with pytest.raises(ValueError, match="logits have the shape"):
        codec.choose(logits[..., :-1])
    with pytest.raises(ValueError, match="temperature is 0"):
        codec.choose(logits, np.random.default_rng(0), temperature=0)
