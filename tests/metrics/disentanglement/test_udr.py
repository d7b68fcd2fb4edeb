import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

from symray.metrics.disentanglement import active_latents, udr
from symray.metrics.disentanglement.udr import relative_strength

VERSIONS = ["lasso", "spearman"]


def models(n: int = 600) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = generator.uniform(-1, 1, (n, 4))
    turns = [np.linalg.qr(generator.normal(size=(4, 4)))[0] for _ in range(2)]
    return {
        "truth": truth,
        "permuted": -2 * truth[:, [2, 0, 3, 1]],
        "turned": truth @ turns[0],
        "turned again": truth @ turns[1],
        "noise": generator.normal(size=(n, 4)),
        "collapsed": 1e-3 * generator.normal(size=(n, 4)),
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_agreement_up_to_permutation_sign_and_scale_is_best(version) -> None:
    told = models()
    names = ["truth", "permuted", "turned", "turned again"]
    scores = dict(zip(names, udr([told[name] for name in names], version=version), strict=True))
    best = udr([told["truth"], told["permuted"]], version=version)
    assert best[0] == pytest.approx(best[1])
    assert best[0] > 0.85
    assert udr([told["turned"], told["turned again"]], version=version).max() < 0.7
    assert scores["truth"] > scores["turned"]
    assert udr([told["truth"], told["noise"]], version=version).max() < 0.3


@pytest.mark.parametrize("version", VERSIONS)
def test_by_scikit_learn_and_scipy(version) -> None:
    told = models()
    names = ["truth", "turned", "turned again"]
    scaled = [StandardScaler().fit_transform(told[name]) for name in names]
    pairs = np.zeros((3, 3))
    for i, first in enumerate(scaled):
        for j, second in enumerate(scaled):
            if i == j:
                continue
            if version == "lasso":
                relation = np.abs(Lasso(alpha=0.1).fit(first, second).coef_.T)
            else:
                relation = np.abs([[spearmanr(a, b)[0] for b in second.T] for a in first.T])
            columns = np.nan_to_num(relation.max(axis=0) ** 2 / relation.sum(axis=0))
            rows = np.nan_to_num(relation.max(axis=1) ** 2 / relation.sum(axis=1))
            pairs[i, j] = (columns.mean() + rows.mean()) / 2
    expected = [np.median([pairs[i, j] for i in range(3) if i != j]) for j in range(3)]
    found = udr([torch.from_numpy(told[name]) for name in names], version=version)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_dead_latents_do_not_count(version) -> None:
    told = models()
    wide = np.hstack([told["truth"], told["collapsed"]])
    pair = [told["truth"], told["permuted"]]
    np.testing.assert_allclose(
        udr([wide, told["permuted"]], version=version), udr(pair, version=version), atol=1e-9
    )
    assert udr([told["truth"], told["collapsed"]], version=version).tolist() == [0, 0]
    masks = [np.array([True, True, False, False])] * 2
    assert udr(pair, version=version, informative=masks)[0] < udr(pair, version=version)[0]


def test_relative_strength_of_known_relations() -> None:
    assert relative_strength(np.eye(3)) == 1
    assert relative_strength(np.ones((2, 2))) == pytest.approx(0.5)
    assert relative_strength(np.zeros((2, 3))) == 0
    assert relative_strength(np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.5


def test_says_what_is_wrong() -> None:
    truth = models()["truth"]
    with pytest.raises(ValueError, match="1 models; a ranking by agreement takes at least 2"):
        udr([truth])
    with pytest.raises(ValueError, match="version is 'pearson'"):
        udr([truth, truth], version="pearson")
    with pytest.raises(ValueError, match=r"models encoded \[600, 599\] images"):
        udr([truth, truth[1:]])


def test_active_latents_move() -> None:
    codes = np.random.default_rng(0).normal(size=(2_000, 3)) * [1, 0.11, 0.09]
    assert active_latents(codes).tolist() == [True, True, False]
    assert active_latents(torch.from_numpy(codes), least_variance=0.5).tolist() == [
        *(True, False, False)
    ]
