import deepsmiles
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from symray.chem import DeepSmilesCodec, canonical, canonical_batch
from symray.errors import UserError

CODEC = DeepSmilesCodec()
LIBRARY = deepsmiles.Converter(rings=True, branches=True)


def test_an_example_by_hand():
    # the library's own: a benzene ring is its six atoms and the size of the ring
    assert CODEC.texts([CODEC.encode("c1ccccc1C(=O)O")]) == ["cccccc6C=O)O"]
    assert CODEC.decode(CODEC.encode("C(Br)(Cl)C")) == "C(Br)(Cl)C"


def test_the_library_agrees_and_molecules_stay_what_they_are(zinc, qm9, some):
    smiles = some(zinc, 1500)
    encoded = CODEC.encode_batch(smiles)
    assert not encoded.bad
    assert CODEC.texts(encoded.indices) == [LIBRARY.encode(one) for one in smiles]
    back = CODEC.decode_batch(encoded.indices)
    assert back == [LIBRARY.decode(one) for one in CODEC.texts(encoded.indices)]
    assert canonical_batch(back) == canonical_batch(smiles)
    np.testing.assert_array_equal(CODEC.encode_batch(back).indices, encoded.indices)
    codec, encoded = DeepSmilesCodec.fit(some(qm9, 1500))
    assert canonical_batch(codec.decode_batch(encoded.indices)) == canonical_batch(some(qm9, 1500))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_of_zinc(zinc):
    codec, encoded = DeepSmilesCodec.fit(zinc)
    assert codec == CODEC
    assert (codec.length, codec.vocabulary_size, len(codec.characters)) == (113, 37, 36)
    assert encoded.lengths.max() == 113
    assert not encoded.bad
    back = codec.decode_batch(encoded.indices)
    again = codec.encode_batch(back)
    np.testing.assert_array_equal(again.indices, encoded.indices)
    assert canonical_batch(back) == canonical_batch(zinc)


@pytest.mark.parametrize("size", [3, 9, 10, 99, 100, 130, 880])
def test_large_rings_and_many_of_them(size):
    smiles = "C1C%12" + "C" * (size - 4) + "C=1\\C/%12=C"
    codec, encoded = DeepSmilesCodec.fit([smiles])
    assert codec.texts(encoded.indices) == [LIBRARY.encode(smiles)]


def test_every_chain_that_is_written_can_be_read_and_longer_ones_are_refused():
    chains = ["C" * n for n in (10, CODEC.most, CODEC.most + 1, 20_000)]
    codec, encoded = DeepSmilesCodec.fit(chains)
    assert [one.row for one in encoded.bad] == [2, 3]
    assert encoded.bad[0].reason == "is too long: it takes 901 positions, and there are 900"
    assert codec.length == CODEC.most
    assert _deep(300, lambda: codec.decode_batch(encoded.indices)) == [*chains[:2], None, None]
    with pytest.raises(UserError, match="length is 901; the codec 'deepsmiles' takes 1 to 900"):
        DeepSmilesCodec(length=901)


def _deep(depth, call):
    return _deep(depth - 1, call) if depth else call()


def test_other_ways_of_writing_a_molecule(zinc, some):
    molecules = [Chem.MolFromSmiles(one) for one in some(zinc, 500)]
    smiles = [
        Chem.MolToSmiles(one, doRandom=True, kekuleSmiles=n % 2 == 0)
        for n, one in enumerate(molecules)
    ]
    codec, encoded = DeepSmilesCodec.fit(smiles)
    assert codec.texts(encoded.indices) == [LIBRARY.encode(one) for one in smiles]
    assert canonical_batch(codec.decode_batch(encoded.indices)) == canonical_batch(smiles)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["C", "N", "c", "[C@H]", "(", ")", "1", "2", "=", ".", "%12", "/", "Cl"]),
        min_size=1,
        max_size=9,
    ).map("".join)
)
def test_no_molecule_becomes_another_one(smiles):
    """Any string: refused, or its molecule comes back."""
    codec = DeepSmilesCodec("." + CODEC.characters)
    encoded = codec.encode_batch([smiles])
    if not encoded.bad:
        assert codec.texts(encoded.indices) == [LIBRARY.encode(smiles)]
        assert canonical(codec.decode_batch(encoded.indices)[0]) == canonical(smiles)
    elif Chem.MolFromSmiles(smiles) is not None:
        reason = encoded.bad[0].reason
        assert "a branch" in reason or "another branch" in reason or "two kinds" in reason


@settings(max_examples=300)
@given(st.lists(st.integers(0, 36), max_size=12).map(lambda row: [*row, 36]))
def test_any_characters_are_read_as_the_library_does_or_refused(row):
    smiles = CODEC.decode_batch([row])[0]
    if smiles is None:
        with pytest.raises(UserError, match=r"^the DeepSMILES '.*' can't be read: "):
            CODEC.decode(row)
    else:
        (text,) = CODEC.texts([row])
        assert smiles == LIBRARY.decode(text) == CODEC.decode(row)


@pytest.mark.parametrize(
    ("smiles", "sentence"),
    [
        ("", "^an empty string is no molecule; remove it$"),
        ("C1CC", "^'C1CC' can't be read: its ring '1' is not closed$"),
        ("C(C", "it ends with a branch that is still open"),
        ("CC)C", r"it has '\)' as character 3 that closes no branch"),
        ("(C)C", r"it has '\(' as character 1"),
        ("C()C", r"it has '\(' as character 2"),
        ("C(CN1)CC1", "closes the ring '1', as character 9, in another branch"),
        ("C=1CCC-1", "its ring '1' has two kinds of bond, at character 8"),
        ("C(.C)", r"it has '\.' as character 3"),
        ("CC.", r"it has '\.' as character 3"),
        ("C:C", "it has ':' as character 2"),
        ("C C", "it has ' ' as character 2"),
        ("C=", "it has '=' as character 2"),
        ("C1CC(C)1", "has a ring's digit after a branch, as character 8"),
        ("[Na+].[Cl-]", "has 'a', which is not in the codec's vocabulary"),
        ("C" * 114, "is too long: it takes 114 positions, and there are 113"),
    ],
)
def test_what_cannot_be_encoded_is_said_in_a_sentence(smiles, sentence):
    with pytest.raises(UserError, match=sentence):
        CODEC.encode(smiles)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "can't be read: it is empty"),
        ("6CC", "'6' can't stand as character 1"),
        ("CC)))", r"the '\)' up to character 5 close more than there is"),
        ("CO))N", "the atom at character 5 comes after the end of the molecule"),
        ("CC9", "at character 3, There is no corresponding atom"),
        ("C[CC", r"'\[' can't stand as character 2"),
        ("C%", "'%' can't stand as character 2"),
        ("CC=", "'=' can't stand as character 3"),
    ],
)
def test_what_cannot_be_decoded_is_said_in_a_sentence(text, sentence):
    row = [CODEC.characters.index(character) for character in text]
    with pytest.raises(UserError, match=sentence):
        CODEC.decode(row)


def test_own_characters():
    codec, encoded = DeepSmilesCodec.fit(["[Na+].[Cl-]", "CCO", "bad", ""])
    assert codec.characters == "+-.CNO[]al"
    assert [one.row for one in encoded.bad] == [2, 3]
    assert codec.decode_batch(encoded.indices) == ["[Na+].[Cl-]", "CCO", None, None]


@pytest.mark.parametrize(
    ("characters", "sentence"),
    [("CC", "give each once"), ("", "no vocabulary"), ("C ", "without space"), ("Cé", "ASCII")],
)
def test_vocabularies_that_are_none(characters, sentence):
    with pytest.raises(UserError, match=sentence):
        DeepSmilesCodec(characters)
    with pytest.raises(UserError, match="length is 0"):
        DeepSmilesCodec(length=0)


def test_choosing():
    logits = np.full((4000, 2, 37), -np.inf)
    logits[:, :, CODEC.characters.index("C")] = np.log(3)
    logits[:, 0, CODEC.padding] = 0
    assert CODEC.texts(CODEC.choose(logits)) == ["CC"] * 4000
    drawn = CODEC.texts(CODEC.choose(logits, np.random.default_rng(0)))
    assert set(drawn) == {"CC", ""}  # after padding comes padding
    assert drawn.count("") / 4000 == pytest.approx(0.25, abs=0.03)
    hot = CODEC.texts(CODEC.choose(logits, np.random.default_rng(0), temperature=2.0))
    assert hot.count("") / 4000 == pytest.approx(1 / (1 + 3**0.5), abs=0.03)
    logits[:, :, :] = np.inf
    assert len(set(CODEC.texts(CODEC.choose(logits, np.random.default_rng(0))))) > 300
