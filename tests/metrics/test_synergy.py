import math
from collections import defaultdict

import numpy as np
import pytest
import torch

from symray.metrics import synergy_term, worst_latents
from symray.metrics.synergy import worst_by_kl


def greedy(kl: list[float], omega: float) -> list[bool]:
    """The policy, written as its pseudo-code has it: sets, loops and branches."""
    best, information = [], 0.0
    while True:
        base = list(best)
        added = False
        for candidate in range(len(kl)):
            if candidate in base:
                continue
            of_base = 0.0
            for latent in base:  # in the order in which they were taken
                of_base += kl[latent]
            new = of_base + kl[candidate]
            wins = new > information if not base else new * omega > information
            if wins:
                information = new
                best = [*base, candidate]
                added = True
        if not added:
            break
    return [latent not in best for latent in range(len(kl))]


def of_gaussians(mu: np.ndarray, logvar: np.ndarray) -> list[float]:
    kls = []
    for latent in range(mu.shape[1]):
        total = 0.0
        for m, v in zip(mu[:, latent], logvar[:, latent], strict=True):
            total += (m * m + math.exp(v) - 1 - v) / 2
        kls.append(total / len(mu))
    return kls


def test_equals_the_pseudo_code_on_ten_thousand_draws() -> None:
    generator = np.random.default_rng(0)
    by_shape = defaultdict(list)
    for draw in range(10_000):
        b, d = 1 << int(generator.integers(0, 3)), int(generator.integers(1, 13))
        if draw % 2:
            mu = generator.normal(size=(b, d)) * generator.exponential(1, d)
            logvar = generator.normal(size=(b, d)) * generator.choice([0.0, 0.3, 2.0])
            omega = float(generator.choice([1.0, 0.99, 0.9, 0.7, 0.5, generator.random()]))
        else:
            # of unit variance and means in quarters, KLs are exact numbers, many of them equal
            mu = generator.integers(-6, 7, (b, d)) / 4.0 * (generator.random(d) < 0.8)
            logvar = np.zeros((b, d))
            omega = float(generator.integers(1, 17)) / 16
        by_shape[b, d].append((mu, logvar, omega))
    none_left = tied = 0
    for members in by_shape.values():
        packed = [torch.from_numpy(np.stack(part)) for part in zip(*members, strict=True)]
        for (mu, logvar, omega), worst in zip(
            members, torch.vmap(worst_latents)(*packed), strict=True
        ):
            kls = of_gaussians(mu, logvar)
            expected = greedy(kls, omega)
            assert worst.tolist() == expected, (kls, omega)
            none_left += not any(expected)
            tied += len(set(kls)) < len(kls)
    assert none_left > 300, "draws with an empty complement"
    assert tied > 2_000, "draws with ties"


@pytest.mark.parametrize(
    ("kl", "omega", "worst"),
    [
        ([0.0, 0.0], 0.9, [True, True]),  # nothing is taken that carries nothing
        ([1.0, 1.0], 1.0, [False, False]),
        ([1.0, 1.0], 0.5, [False, True]),  # 0.5 * 2 is not more than 1; the first of equals
        ([3.0, 4.0], 0.9, [False, False]),
        ([4.0, 0.4], 0.9, [False, True]),
        ([4.0, 0.5], 0.9, [False, False]),
        # within the second round 3 must be beaten under omega: 0.9 * 8.3 < 8, so 3 stays, and 3.3
        # is taken after it
        ([5.0, 3.0, 3.3], 0.9, [False, False, False]),
        ([5.0, 0.6, 0.62, 0.1], 0.9, [False, False, True, True]),
    ],
)
def test_small_cases(kl: list[float], omega: float, worst: list[bool]) -> None:
    assert greedy(kl, omega) == worst
    assert worst_by_kl(torch.tensor(kl, dtype=torch.float64), omega).tolist() == worst


def draws(members: int, b: int, d: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    scale = torch.rand(members, 1, d, generator=generator) * 2
    mu = torch.randn(members, b, d, generator=generator) * scale
    logvar = -torch.rand(members, b, d, generator=generator) * scale
    return mu, logvar, torch.rand(members, generator=generator) / 2 + 0.5


def test_a_pack_equals_its_members_and_both_precisions_agree() -> None:
    mu, logvar, omega = draws(200, 8, 10)
    packed = torch.vmap(worst_latents)(mu, logvar, omega)
    for m, v, w, found in zip(mu, logvar, omega, packed, strict=True):
        assert torch.equal(found, worst_latents(m, v, w))
        assert torch.equal(found, worst_latents(m, v, w.item()))
        assert torch.equal(found, worst_latents(m.double(), v.double(), w.double()))
    assert packed.any()
    assert not packed.all()


def test_compiles_as_one_graph() -> None:
    mu, logvar, omega = draws(1, 8, 6)
    compiled = torch.compile(worst_latents, backend="aot_eager", fullgraph=True)
    assert torch.equal(
        compiled(mu[0], logvar[0], omega[0]), worst_latents(mu[0], logvar[0], omega[0])
    )


def test_nan_and_infinity_neither_hang_nor_raise() -> None:
    mu, logvar = torch.zeros(3, 4), torch.zeros(3, 4)
    mu[:, 1], mu[:, 2] = 2.0, 1.5
    mu[0, 0] = torch.nan
    assert worst_latents(mu, logvar, 0.9).tolist() == [True, False, False, True]
    assert worst_latents(mu * torch.nan, logvar, 0.9).all()
    assert worst_latents(mu, logvar, torch.nan).tolist() == [True, False, True, True]
    logvar[0, 3] = torch.inf
    assert worst_latents(mu, logvar, 0.9).shape == (4,)


def test_the_term_is_the_kl_of_the_worst_and_moves_only_them() -> None:
    kl = torch.distributions.kl_divergence
    mu, logvar, _ = draws(1, 16, 10)
    mu, logvar = mu[0].double().requires_grad_(), logvar[0].double().requires_grad_()
    worst = worst_latents(mu, logvar, 0.9)
    assert worst.any()
    assert not worst.all()
    q = torch.distributions.Normal(mu, (logvar / 2).exp())
    expected = kl(q, torch.distributions.Normal(0.0, 1.0))[:, worst].sum(1).mean()
    term = synergy_term(mu, logvar, 0.9)
    assert term.item() == pytest.approx(expected.item())
    for gradient in torch.autograd.grad(term, (mu, logvar)):
        assert gradient[:, worst].any()
        assert not gradient[:, ~worst].any()


def test_an_empty_complement_costs_nothing() -> None:
    mu = torch.ones(4, 3, requires_grad=True)
    term = synergy_term(mu, torch.zeros(4, 3), 1.0)
    assert term.item() == 0
    assert not torch.autograd.grad(term, mu)[0].any()
