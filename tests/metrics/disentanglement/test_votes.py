"""The two metrics that draw groups of codes which share a factor."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from symray.metrics.disentanglement import beta_vae_metric, factor_vae_metric

SMALL = {"train": 800, "test": 400}
METRICS = [factor_vae_metric, beta_vae_metric]


@pytest.mark.parametrize("metric", METRICS)
def test_known_codes(metric, encode) -> None:
    scores = {kind: metric(*encode(kind), **SMALL) for kind in ("perfect", "duplicated", "random")}
    assert scores["perfect"] == scores["duplicated"] == 1
    assert scores["random"] == pytest.approx(1 / 4, abs=0.08)


@pytest.mark.parametrize("metric", METRICS)
def test_codes_that_mix_all_factors_evenly_are_little_better_than_chance(metric, encode) -> None:
    assert 0.2 < metric(*encode("rotated"), **SMALL) < 0.45
    assert 0.6 < metric(*encode("turned"), **SMALL) <= 1


def test_collapsed_latents_have_no_vote(encode) -> None:
    codes, factors = encode("perfect")
    assert factor_vae_metric(*encode("collapsed"), **SMALL) == 0
    # unpruned, a latent that hardly moves still votes as well as any other
    told = factor_vae_metric(codes / 100, factors, least_deviation=0.0, **SMALL)
    assert told == 1


@pytest.mark.parametrize("metric", METRICS)
def test_seeds_and_scale(metric, encode) -> None:
    codes, factors = encode("turned")
    first = metric(codes, factors, seed=3, **SMALL)
    assert first == metric(
        torch.from_numpy(codes).float(), torch.from_numpy(factors), seed=3, **SMALL
    )
    assert first != metric(codes, factors, seed=4, **SMALL)


def test_the_vote_equals_a_plain_loop_in_the_mean(encode) -> None:
    codes, factors = encode("turned")
    generator = np.random.default_rng(1)
    votes = np.zeros((2, 4, 4))
    for vote in range(3_000):
        k = generator.integers(4)
        value = factors[generator.integers(len(factors)), k]
        rows = generator.choice(np.flatnonzero(factors[:, k] == value), 16)
        latent = np.argmin(codes[rows].var(axis=0, ddof=1) / codes.var(axis=0, ddof=1))
        votes[int(vote >= 2_000), latent, k] += 1
    expected = votes[1][np.arange(4), votes[0].argmax(axis=1)].sum() / votes[1].sum()
    found = factor_vae_metric(codes, factors, batch=16, train=2_000, test=4_000)
    assert found == pytest.approx(expected, abs=0.05)


def test_the_classifier_equals_a_plain_loop_in_the_mean(encode) -> None:
    codes, factors = encode("turned")
    generator = np.random.default_rng(1)
    points, labels = np.empty((1_500, 4)), generator.integers(4, size=1_500)
    for point, k in zip(points, labels, strict=True):
        first = generator.integers(len(factors), size=3)
        second = [
            generator.choice(np.flatnonzero(factors[:, k] == value)) for value in factors[first, k]
        ]
        point[:] = np.abs(codes[first] - codes[second]).mean(axis=0)
    expected = LogisticRegression().fit(points[:1_000], labels[:1_000])
    found = beta_vae_metric(codes, factors, batch=3, train=1_000, test=2_000)
    assert found == pytest.approx(expected.score(points[1_000:], labels[1_000:]), abs=0.06)


def test_one_factor_and_a_batch_of_one(encode) -> None:
    codes, factors = encode("perfect")
    assert beta_vae_metric(codes, factors[:, :1], **SMALL) == 1
    assert factor_vae_metric(codes, factors[:, :1], **SMALL) == 1
    with pytest.raises(ValueError, match="batch is 1"):
        factor_vae_metric(codes, factors, batch=1)
