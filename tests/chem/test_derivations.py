import numpy as np
import pytest

from symray.chem import Derivations, GrammarCodec


def test_step_by_step_equals_all_at_once():
    codec = GrammarCodec(30)
    logits = np.random.default_rng(0).normal(size=(200, 30, 76))
    derivations = Derivations(200, codec.length)
    steps = []
    for position in range(codec.length):
        masks = derivations.masks()
        assert masks.any(axis=1).all()
        steps.append(np.where(masks, logits[:, position], -np.inf).argmax(axis=1))
        derivations.append(steps[-1])
    rules = codec.choose(logits)
    np.testing.assert_array_equal(np.stack(steps, axis=1), rules)
    assert derivations.complete.all()
    assert None not in codec.decode_batch(rules)
    with pytest.raises(ValueError, match="already have their 30 rules"):
        derivations.masks()


def test_rules_that_are_not_allowed_are_refused_and_change_nothing():
    derivations = Derivations(2, 10)
    with pytest.raises(ValueError, match="rule 72 is not allowed in row 1"):
        derivations.append([0, 72])
    assert derivations.position == 0
    derivations.append([0, 0])
    derivations.append([72, 73])
    assert derivations.masks()[0].nonzero()[0].tolist() == [62, 63]  # a branch doesn't fit


def test_padding_follows_on_a_complete_molecule():
    codec = GrammarCodec(8)
    derivations = Derivations(1, 8)
    for rule in codec.encode("C"):
        assert not derivations.complete[0]
        derivations.append([rule])
    assert derivations.complete[0]
    assert derivations.masks()[0].nonzero()[0].tolist() == [codec.padding]


def test_too_short():
    with pytest.raises(ValueError, match="length is 4; give 5 or more"):
        Derivations(1, 4)
