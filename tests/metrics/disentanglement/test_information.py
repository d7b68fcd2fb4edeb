import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from symray.metrics.disentanglement import mig, modularity
from symray.metrics.disentanglement.information import in_bins, mutual_informations


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 300), st.integers(0, 2**32 - 1))
def test_mutual_informations_are_scikit_learns(n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    binned = generator.integers(0, generator.integers(1, 21), (n, 3))
    factors = np.stack([np.arange(n) % 2, generator.integers(0, 7, n), binned[:, 0] // 3], axis=1)
    found = mutual_informations(binned, factors)
    for latent in range(3):
        for factor in range(3):
            expected = mutual_info_score(factors[:, factor], binned[:, latent])
            assert found[latent, factor] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 25), st.integers(0, 2**32 - 1), st.booleans())
def test_bins_are_those_of_numpys_histogram(n: int, bins: int, seed: int, whole: bool) -> None:
    codes = np.random.default_rng(seed).normal(size=(n, 2)) * 10
    codes = np.round(codes) if whole else codes
    codes[:, 1] = 3
    for column, found in zip(codes.T, in_bins(codes, bins).T, strict=True):
        edges = np.histogram(column, bins)[1]
        np.testing.assert_array_equal(found, np.digitize(column, edges[:-1]) - 1)


@pytest.mark.parametrize(
    ("kind", "gap", "modular"),
    [
        # the two latents of nothing know nothing of any factor, and evenly so
        ("perfect", pytest.approx(1, abs=0.05), None),
        ("duplicated", pytest.approx(0, abs=1e-9), pytest.approx(1)),
        ("random", pytest.approx(0, abs=0.02), None),
    ],
)
def test_known_codes(kind, gap, modular, encode) -> None:
    codes, factors = encode(kind)
    assert mig(codes, factors) == gap
    if modular is not None:
        assert modularity(codes, factors) == modular


def test_modularity_of_perfect_rotated_and_dead_latents(encode) -> None:
    codes, factors = encode("perfect")
    assert modularity(codes[:, :4], factors) == pytest.approx(1)
    dead = np.hstack([codes[:, :4], np.zeros((len(codes), 4))])
    assert modularity(dead, factors) == pytest.approx(0.5), "a latent that knows nothing counts 0"
    assert modularity(*encode("rotated")) < 0.95
    assert modularity(codes[:, :4], factors[:, :1]) <= 1


def test_mig_of_rotated_codes_is_small_and_depends_on_the_seed_of_a_sample(encode) -> None:
    codes, factors = encode("rotated")
    assert mig(codes, factors) < 0.4
    assert mig(codes, factors, samples=500, seed=1) == mig(codes, factors, samples=500, seed=1)
    assert mig(codes, factors, samples=500, seed=1) != mig(codes, factors, samples=500, seed=2)


def test_mig_by_its_formula(encode) -> None:
    codes, factors = encode("rotated")
    gaps = []
    for factor in factors.T:
        known = sorted(
            mutual_info_score(factor, np.digitize(z, np.histogram(z, 20)[1][:-1])) for z in codes.T
        )
        gaps.append((known[-1] - known[-2]) / mutual_info_score(factor, factor))
    assert mig(codes, factors, samples=len(codes)) == pytest.approx(np.mean(gaps))


def test_one_latent_has_no_rival(encode) -> None:
    codes, factors = encode("perfect")
    assert mig(codes[:, :1], factors[:, :1]) == pytest.approx(1)
