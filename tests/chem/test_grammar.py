import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from symray.chem import GrammarCodec
from symray.chem.rules import RULES
from symray.errors import UserError

CODEC = GrammarCodec(60)
ALPHABET = ["C", "c", "Cl", "Br", "l", "r", "[", "]", "H", "@", "@@", "+", "-", "=", "/", "\\"]
ALPHABET += ["(", ")", "1", "8", "9", "n", "%", ".", "I", "13"]


def names(indices):
    return [f"{RULES[n][0]} -> {' '.join(RULES[n][1])}" for n in indices]


def derived(indices):
    """The string of a left-most derivation, by rewriting it."""
    lefts = {left for left, _ in RULES}
    string = ["smiles"]
    for n in indices:
        left, right = RULES[n]
        place = next(i for i, symbol in enumerate(string) if symbol in lefts)
        assert string[place] == left
        string[place : place + 1] = right
    assert not lefts & set(string)
    return "".join(string)


def test_a_derivation_by_hand():
    assert names(CODEC.encode("C(=O)n")) == [
        "smiles -> chain",
        "chain -> chain branched_atom",
        "chain -> branched_atom",
        "branched_atom -> atom BB",
        "atom -> aliphatic_organic",
        "aliphatic_organic -> C",
        "BB -> branch",
        "branch -> ( bond chain )",
        "bond -> =",
        "chain -> branched_atom",
        "branched_atom -> atom",
        "atom -> aliphatic_organic",
        "aliphatic_organic -> O",
        "branched_atom -> atom",
        "atom -> aromatic_organic",
        "aromatic_organic -> n",
    ]


@pytest.mark.parametrize(
    "smiles",
    [
        "C",
        "ClCBr",
        "C/C=C\\C",
        "C12=3(=C)(C)CC1CC2CC=3",
        "[13C@@H2+12]([nH]1)(C(C(C)(C)C)=C1)[O-]",
        "[C@](F)(Cl)(Br)I",
        "[235c-8][S][N@@][P@H][n+]",
    ],
)
def test_every_kind_of_rule_against_nltk(parses, smiles):
    (only,) = parses(smiles)
    assert GrammarCodec().encode(smiles).tolist() == only
    assert derived(only) == smiles == GrammarCodec().decode(only)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=8).map("".join))
def test_accepts_what_nltk_accepts_and_nothing_else(parses, smiles):
    encoded = GrammarCodec().encode_batch([smiles])
    found = [] if encoded.bad else [encoded.indices[0, : encoded.lengths[0]].tolist()]
    assert list(parses(smiles)) == found


def test_rule_sequences_of_real_molecules_are_nltks(parses, qm9, zinc, some):
    codec = GrammarCodec()
    for smiles in some(qm9, 60) + some(zinc, 20):
        found = parses(smiles)
        assert codec.encode(smiles).tolist() == next(found)
        assert next(found, None) is None  # the grammar is unambiguous


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_rule_sequences_of_5500_molecules_are_nltks(parses, qm9, zinc, some):
    codec = GrammarCodec()
    for smiles in some(qm9, 3000) + some(zinc, 2500):
        assert codec.encode(smiles).tolist() == next(parses(smiles))


def test_all_of_qm9_and_zinc_come_back(qm9, zinc):
    codec, encoded = GrammarCodec.fit(qm9)
    assert codec.length == encoded.lengths.max() == 76
    assert not encoded.bad
    assert codec.decode_batch(encoded.indices) == qm9
    zinc_codec = GrammarCodec()
    assert zinc_codec.decode_batch(zinc_codec.encode_batch(zinc).indices) == zinc


@pytest.mark.parametrize(
    ("smiles", "sentence"),
    [
        ("", "an empty string is no molecule"),
        ("C1CC%10", "'C1CC%10' can't be read .* has '%' as character 5 where an atom must stand"),
        ("CCé", "has 'é' as character 3 where an atom"),
        ("C(C", "it ends with a branch that is still open"),
        ("C(", "it ends where an atom must stand"),
        ("C=", "it ends where an atom must stand"),
        ("C)C", r"it has '\)' as character 2 that closes no branch"),
        ("C(C)1", "has '1' as character 5 where an atom"),
        ("[CH3", "it ends in a bracket atom"),
        ("[H]", "has 'H' as character 2 in a bracket atom"),
        ("C[Se]", "has 'e' as character 4 in a bracket atom"),
        ("[C:1]", "has ':' as character 3 in a bracket atom"),
        ("C" * 30, "is too long: it takes 121 positions, and there are 60"),
    ],
)
def test_what_cannot_be_encoded_is_said_in_a_sentence(smiles, sentence):
    with pytest.raises(UserError, match=sentence):
        CODEC.encode(smiles)


@settings(max_examples=50)
@given(
    st.integers(5, 40).flatmap(
        lambda length: arrays(
            np.float32,
            (3, length, 76),
            elements=st.sampled_from([0.0, 1.0, 2.5, -3e38, 3e38, np.inf, -np.inf]),
        )
    ),
    st.sampled_from([None, 0]),
)
def test_whatever_the_logits_the_string_is_in_the_grammar(parses, logits, seed):
    generator = None if seed is None else np.random.default_rng(seed)
    rules = CODEC.choose(logits, generator)
    smiles = CODEC.decode_batch(rules)
    for row, text in zip(rules, smiles, strict=True):
        expected = row[row != CODEC.padding].tolist()
        assert derived(expected) == text
        assert list(parses(text)) == [expected]


@pytest.mark.parametrize("drawn", [False, True])
def test_10000_random_decodes_parse(drawn):
    codec = GrammarCodec(76)
    source = np.random.default_rng(0)
    logits = source.normal(0, 3, (10_000, 76, 76)).astype(np.float32)
    smiles = codec.decode_batch(codec.choose(logits, source if drawn else None))
    encoded = codec.encode_batch(smiles)
    assert not encoded.bad
    assert codec.decode_batch(encoded.indices) == smiles


@pytest.mark.parametrize("greedy_for", ["chain branched_atom", "atom RB BB", "( bond chain )"])
def test_a_network_that_wants_no_end_gets_one(greedy_for):
    logits = np.zeros((1, 60, 76))
    logits[..., [n for n, (_, right) in enumerate(RULES) if " ".join(right) == greedy_for]] = 1e9
    rules = CODEC.choose(logits)
    assert CODEC.encode(CODEC.decode(rules[0])).tolist() == [
        n for n in rules[0] if n != CODEC.padding
    ]


def test_the_wish_of_the_logits_is_granted(zinc, some):
    codec = GrammarCodec()
    indices = codec.encode_batch(some(zinc, 200)).indices
    logits = np.eye(76, dtype=np.float16)[indices]
    np.testing.assert_array_equal(codec.choose(logits), indices)
    drawn = codec.choose(logits, np.random.default_rng(0), temperature=1e-3)
    np.testing.assert_array_equal(drawn, indices)


def test_draws_follow_the_masked_distribution():
    # five positions hold one atom: C with probability 1/2, N and O with 1/4 each among the free
    logits = np.full((20_000, 5, 76), -np.inf)
    for right, weight in (("C", 2.0), ("N", 1.0), ("O", 1.0)):
        logits[:, 4, RULES.index(("aliphatic_organic", (right,)))] = 3 * np.log(weight)
    logits[:, :4] = 0
    logits[:, 3, 1] = logits[:, 3, 3] = -np.inf
    logits[:, 2, [2]] = 50.0
    smiles = CODEC.decode_batch(CODEC.choose(logits, np.random.default_rng(1), temperature=3.0))
    counts = Counter(smiles)
    assert set(counts) <= {"C", "N", "O", "c", "n", "o", "s"}
    aliphatic = {atom: counts[atom] for atom in "CNO"}
    total = sum(aliphatic.values())
    assert aliphatic["C"] / total == pytest.approx(0.5, abs=0.02)
    assert aliphatic["N"] / total == pytest.approx(0.25, abs=0.02)
    again = CODEC.choose(logits, np.random.default_rng(1), temperature=3.0)
    assert CODEC.decode_batch(again) == smiles


def test_masks_are_what_the_decoder_allows(qm9, some):
    codec = GrammarCodec(76)
    indices = codec.encode_batch(some(qm9, 50)).indices
    masks = codec.masks(indices)
    assert np.take_along_axis(masks, indices[..., None].astype(int), 2).all()
    by_left = codec.rules_of_left[codec.left_of_rule[indices]]
    assert (masks <= by_left).all()
    assert not masks[..., [29, 31]].any()
    # far from the end the left side is all that counts
    np.testing.assert_array_equal(masks[:, :20], by_left[:, :20])


def test_near_the_end_masks_leave_only_what_can_be_completed():
    codec = GrammarCodec(9)
    (mask,) = codec.masks([[*codec.encode("CC")]])
    chain = [n for n, (left, _) in enumerate(RULES) if left == "chain"]
    assert mask[1, chain].tolist() == [True, True, False]  # CC takes 9 rules, C=C would take 10
    assert mask[2, chain].tolist() == [True, False, False]


@pytest.mark.parametrize(
    "indices", [[[0, 72]], [[0] * 9], [[0, 72, 62, 2, 5, 5]], [[0, 72, 62, 2, 75]], [[75] * 9]]
)
def test_masks_refuse_what_is_no_derivation(indices):
    with pytest.raises(ValueError, match="row 0 is not the complete derivation"):
        CODEC.masks(indices)


@pytest.mark.parametrize(
    ("indices", "sentence"),
    [
        ([0, 72, 62, 2, 5, 5], "position 5 there are rules after the molecule is complete"),
        ([0, 72, 62, 2], "position 4 the derivation ends before"),
        ([0, 72, 62, 75, 75], "position 3 the derivation ends before"),
        ([0, 62], "position 1 the rule doesn't belong"),
        ([0, 72, 62, 1, 18, 20, 32, 5, 24, 27, 31], "position 10 the rule doesn't"),
        ([], "position 0 the derivation ends before"),
    ],
)
def test_what_is_no_derivation_is_said_in_a_sentence(indices, sentence):
    with pytest.raises(UserError, match=sentence):
        CODEC.decode(indices)
    padded = [*indices, *itertools.repeat(75, 12 - len(indices))]
    assert CODEC.decode_batch([padded]) == [None]


def test_too_few_positions_for_any_molecule():
    with pytest.raises(UserError, match="length is 4; the codec 'grammar' takes 5 to 3000"):
        GrammarCodec(4)
    with pytest.raises(ValueError, match="logits have 4 positions; give 5 or more"):
        CODEC.choose(np.zeros((1, 4, 76)))
    with pytest.raises(ValueError, match="row 0"):
        CODEC.masks(np.zeros((1, 4), int))


def test_molecules_that_are_too_long_are_refused_and_the_others_are_not():
    chains = ["C" * 500, "C" * 5000]
    codec, encoded = GrammarCodec.fit(chains)
    assert [one.row for one in encoded.bad] == [1]
    assert codec.decode_batch(encoded.indices) == [chains[0], None]
    assert codec.length <= GrammarCodec.most
