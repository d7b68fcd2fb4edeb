import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier

from symray.metrics.disentanglement import dci
from symray.metrics.disentanglement._boosting import boost
from symray.metrics.disentanglement.dci import concentration


def noisy(n: int, classes: int, values: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of whole numbers, some of which tell the class through noise."""
    generator = np.random.default_rng(seed)
    y = generator.integers(classes, size=n)
    x = generator.integers(values, size=(n, 4)).astype(float)
    x[:, 0] += 2 * y
    x[:, 2] += y % 2 * values / 2
    return x, y


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_the_trees_are_scikit_learns(classes: int) -> None:
    x, y = noisy(900, classes, 12, classes)
    importances, found = boost(x[:600], y[:600], x[600:])
    model = GradientBoostingClassifier(random_state=0).fit(x[:600], y[:600])
    np.testing.assert_allclose(importances, model.feature_importances_, atol=0.01)
    assert np.mean(found == model.predict(x[600:])) > 0.95
    assert np.mean(found == y[600:]) == pytest.approx(model.score(x[600:], y[600:]), abs=0.02)


def test_continuous_features_are_binned_without_harm() -> None:
    x, y = noisy(3_000, 4, 5, 0)
    x = x + np.random.default_rng(1).normal(size=x.shape)
    importances, found = boost(x[:2_000], y[:2_000], x[2_000:])
    model = GradientBoostingClassifier(random_state=0).fit(x[:2_000], y[:2_000])
    np.testing.assert_allclose(importances, model.feature_importances_, atol=0.03)
    score = model.score(x[2_000:], y[2_000:])
    assert np.mean(found == y[2_000:]) == pytest.approx(score, abs=0.02)


def test_classes_that_stand_apart_are_told_apart_in_any_number_of_values() -> None:
    generator = np.random.default_rng(0)
    y = generator.integers(6, size=6_000)
    x = np.stack([y + 0.1 * generator.normal(size=len(y)), generator.normal(size=len(y))], axis=1)
    importances, found = boost(x[:4_000], y[:4_000], x[4_000:])
    assert np.mean(found == y[4_000:]) > 0.999
    assert importances[0] > 0.999


def test_nothing_to_learn() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    importances, found = boost(x, np.full(50, 3), x)
    assert (importances.tolist(), set(found)) == ([0, 0, 0], {3})
    importances, found = boost(np.ones((50, 2)), np.arange(50) % 5 // 4, np.ones((9, 2)))
    assert (importances.tolist(), set(found)) == ([0, 0], {0})


def test_concentration_is_one_less_entropy_weighted() -> None:
    importances = np.random.default_rng(0).dirichlet(np.ones(5), 3).T * [1, 2, 3]
    scores = 1 - entropy(importances, base=5)
    expected = (scores * [1, 2, 3]).sum() / 6
    assert concentration(importances) == pytest.approx(expected)
    assert concentration(np.eye(4)) == pytest.approx(1)
    assert concentration(np.ones((4, 2))) == pytest.approx(0)
    assert concentration(np.zeros((4, 2))) == pytest.approx(0)
    assert concentration(np.ones((1, 2))) == 1


def test_known_codes(encode) -> None:
    perfect = dci(*encode("perfect"))
    assert perfect.disentanglement > 0.98
    assert perfect.completeness > 0.98
    assert perfect.informativeness > 0.99
    duplicated = dci(*encode("duplicated"))
    assert duplicated.disentanglement > 0.98, "a copy tells of no other factor"
    rotated = dci(*encode("rotated"))
    assert rotated.disentanglement < 0.7
    assert rotated.informativeness > 0.5
    random = dci(*encode("random"))
    assert random.disentanglement < 0.1
    assert random.completeness < 0.1
    assert random.informativeness == pytest.approx(np.mean([1 / 3, 1 / 4, 1 / 5, 1 / 6]), abs=0.05)


def test_it_repeats_with_its_seed(encode) -> None:
    codes, factors = encode("rotated")
    assert dci(codes, factors, train=200, test=100) == dci(codes, factors, train=200, test=100)
    assert dci(codes, factors, train=200, test=100) != dci(
        codes, factors, train=200, test=100, seed=1
    )
