"""Every loss against its formula in the papers, written out once more in plain NumPy float64."""

import numpy as np
import pytest
import torch
from torch import nn

from symray.data.base import Batch
from symray.models import CVAE, CVIB, STIB, VAE, BetaVAE, FactorVAE, NonSynVAE, STIBWithoutAdversary
from symray.networks import Dense

B, DX, DY = 11, 3, 2
LATENT_DIMS, Z1_DIMS = 5, 2
Z0 = np.array([1, 1, 1, 0, 0])
LAMBDA, Y_WEIGHT, BETA, BIJECTION_WEIGHT, KL_WEIGHT, X_WEIGHT = 0.7, 2.5, 3.0, 0.2, 0.3, 1.7
GAMMA, ALPHA, OMEGA = 6.4, 5.0, 0.9
HP = {
    "lambda": LAMBDA,
    "y_weight": Y_WEIGHT,
    "beta": BETA,
    "bijection_weight": BIJECTION_WEIGHT,
    "kl_weight": KL_WEIGHT,
    "x_weight": X_WEIGHT,
    "gamma": GAMMA,
    "alpha": ALPHA,
    "omega": OMEGA,
}


class Setting:
    """A model in float64 on a random batch, and its networks in NumPy."""

    def __init__(self, cls):
        torch.manual_seed(3)
        networks = Dense((DX,), DY, hidden_width=7, hidden_layers=2)
        sizes = {"latent_dims": LATENT_DIMS, "z1_dims": Z1_DIMS, "discriminator_width": 6}
        architecture = {name: sizes.get(name, value) for name, value in cls.architecture.items()}
        self.model = cls(networks, **architecture).double()
        for parameter in self.model.parameters():  # log sigma begins at 0, which would hide it
            nn.init.normal_(parameter, std=0.5)
        self.x, self.y = (torch.randn(B, d, dtype=torch.float64) for d in (DX, DY))
        self.eps = torch.randn(B, LATENT_DIMS, dtype=torch.float64)
        self.other_x = torch.randn(B, DX, dtype=torch.float64)
        self.noise = {
            "z": self.eps,
            "z_other": torch.randn(B, LATENT_DIMS, dtype=torch.float64),
            "order": torch.randn(B, LATENT_DIMS, dtype=torch.float64),
        }

    def loss(self, phase):
        hp = {name: torch.tensor(value, dtype=torch.float64) for name, value in HP.items()}
        batches = [Batch(self.x, self.y), Batch(self.other_x, self.y)]
        loss, logs = self.model.loss(phase, batches, self.noise, hp)
        return loss.item(), {name: value.item() for name, value in logs.items()}

    def run(self, network, x):
        for layer in getattr(self.model, network):
            if isinstance(layer, nn.Linear):
                x = x @ layer.weight.detach().numpy().T
                x = x + layer.bias.detach().numpy() if layer.bias is not None else x
            elif isinstance(layer, nn.LeakyReLU):
                x = np.where(x > 0, x, 0.2 * x)
            else:
                x = np.log(1 + np.exp(x))
        return x

    def arrays(self):
        return self.x.numpy(), self.y.numpy(), self.eps.numpy()


def error(a, b):
    return np.mean([sum((p - q) ** 2) for p, q in zip(a, b, strict=True)])


def kl(mu, sigma):
    return np.mean(np.sum(-np.log(sigma) + (mu**2 + sigma**2) / 2 - 1 / 2, axis=1))


def information(a, b):
    def det(*columns):
        return np.linalg.det(np.corrcoef(np.concatenate(columns, axis=1).T))

    return np.log(det(a) * det(b) / det(a, b))


def codes(s):
    """Mean, sigma and sample of a model with one global sigma."""
    x, _, eps = s.arrays()
    mu = s.run("encoder", x)
    sigma = np.exp(s.model.log_sigma.detach().numpy()) * np.ones_like(mu)
    return mu, sigma, mu + sigma * eps


def test_vae():
    s = Setting(VAE)
    x, y, _ = s.arrays()
    mu, sigma, z = codes(s)
    x_rec, y_rec = error(s.run("decoder_x", z), x), error(s.run("decoder_y", z), y)
    expected = kl(mu, sigma) + LAMBDA * (x_rec + Y_WEIGHT * y_rec)
    loss, logs = s.loss("minimise")
    assert loss == pytest.approx(expected, rel=1e-12)
    assert logs == pytest.approx({"kl": kl(mu, sigma), "x_rec": x_rec, "y_rec": y_rec}, rel=1e-12)


def test_stib_without_adversary():
    s = Setting(STIBWithoutAdversary)
    x, y, _ = s.arrays()
    mu, sigma, z = codes(s)
    x_rec, y_rec = error(s.run("decoder_x", z), x), error(s.run("decoder_y", z * (1 - Z0)), y)
    expected = kl(mu, sigma) + LAMBDA * (x_rec + Y_WEIGHT * y_rec)
    loss, logs = s.loss("minimise")
    assert loss == pytest.approx(expected, rel=1e-12)
    assert logs == pytest.approx({"kl": kl(mu, sigma), "x_rec": x_rec, "y_rec": y_rec}, rel=1e-12)


def test_stib_minimise():
    s = Setting(STIB)
    x, y, _ = s.arrays()
    mu, sigma, z = codes(s)
    x_rec, y_rec = error(s.run("decoder_x", z), x), error(s.run("decoder_y", z * (1 - Z0)), y)
    r = information(s.run("adversary", z * Z0), s.run("h", y))
    expected = kl(mu, sigma) + LAMBDA * (x_rec + Y_WEIGHT * y_rec + BETA * r)
    loss, logs = s.loss("minimise")
    assert loss == pytest.approx(expected, abs=1e-2)
    assert logs["mi_penalty"] == pytest.approx(r, abs=3e-3)
    assert logs["kl"] == pytest.approx(kl(mu, sigma), rel=1e-12)
    assert loss == pytest.approx(
        logs["kl"] + LAMBDA * (x_rec + Y_WEIGHT * y_rec + BETA * logs["mi_penalty"]), rel=1e-12
    )


def test_stib_maximise():
    s = Setting(STIB)
    _, y, _ = s.arrays()
    _, _, z = codes(s)
    b = s.run("h", y)
    r = information(s.run("adversary", z * Z0), b)
    bijection = error(s.run("h_inverse", b), y)
    loss, logs = s.loss("maximise")
    assert loss == pytest.approx(-(r - BIJECTION_WEIGHT * bijection), abs=3e-3)
    assert logs["adversary_mi"] == pytest.approx(r, abs=3e-3)
    assert logs["bijection"] == pytest.approx(bijection, rel=1e-12)


def conditional(s):
    """Mean and sigma of every point in Z0, and Xrec."""
    x, y, eps = s.arrays()
    out = s.run("encoder", x)
    mu, sigma = out[:, :LATENT_DIMS] * Z0, np.exp(out[:, LATENT_DIMS:] * Z0)
    z = (mu + sigma * eps) * Z0
    x_rec = error(s.run("decoder_x", np.concatenate([z, y], axis=1)), x)
    used = LATENT_DIMS - Z1_DIMS
    return mu[:, :used], sigma[:, :used], x_rec


def test_cvae():
    s = Setting(CVAE)
    mu, sigma, x_rec = conditional(s)
    loss, logs = s.loss("minimise")
    assert loss == pytest.approx(kl(mu, sigma) + LAMBDA * x_rec, rel=1e-12)
    assert logs == pytest.approx({"kl": kl(mu, sigma), "x_rec": x_rec}, rel=1e-12)


def test_cvib():
    s = Setting(CVIB)
    mu, sigma, x_rec = conditional(s)
    pairs = 0.0
    for i in range(B):
        for j in range(B):
            ratio = sigma[i] ** 2 / sigma[j] ** 2
            distance = (mu[i] - mu[j]) ** 2 / sigma[j] ** 2
            log_det = np.log(np.prod(sigma[j] ** 2) / np.prod(sigma[i] ** 2))
            pairs += (ratio.sum() + distance.sum() - mu.shape[1] + log_det) / 2
    pairs /= B**2
    loss, logs = s.loss("minimise")
    expected = KL_WEIGHT * kl(mu, sigma) + LAMBDA * X_WEIGHT * x_rec + pairs
    assert loss == pytest.approx(expected, rel=1e-12)
    assert logs["pairwise_kl"] == pytest.approx(pairs, rel=1e-12)


def each_points(s, x, eps):
    """Mean, sigma and sample where the encoder gives each point's log variance."""
    out = s.run("encoder", x)
    mu, sigma = out[:, :LATENT_DIMS], np.exp(out[:, LATENT_DIMS:] / 2)
    return mu, sigma, mu + sigma * eps


def test_beta_vae():
    s = Setting(BetaVAE)
    x, _, eps = s.arrays()
    mu, sigma, z = each_points(s, x, eps)
    x_rec = error(s.run("decoder_x", z), x)
    loss, logs = s.loss("elbo")
    assert loss == pytest.approx(BETA * kl(mu, sigma) + LAMBDA * x_rec, rel=1e-12)
    assert logs == pytest.approx({"kl": kl(mu, sigma), "x_rec": x_rec}, rel=1e-12)


def test_factor_vae():
    s = Setting(FactorVAE)
    x, _, eps = s.arrays()
    mu, sigma, z = each_points(s, x, eps)
    x_rec = error(s.run("decoder_x", z), x)
    logits = s.run("discriminator", z)
    tc = np.mean(logits[:, 0] - logits[:, 1])
    loss, logs = s.loss("vae")
    assert loss == pytest.approx(kl(mu, sigma) + LAMBDA * x_rec + GAMMA * tc, rel=1e-12)
    assert logs["tc"] == pytest.approx(tc, rel=1e-12)


def test_factor_vaes_discriminator():
    s = Setting(FactorVAE)
    x, _, eps = s.arrays()
    other, order = s.noise["z_other"].numpy(), s.noise["order"].numpy()
    _, _, z = each_points(s, x, eps)
    _, _, z_other = each_points(s, s.other_x.numpy(), other)
    permuted = np.stack(
        [[z_other[i, d] for i in np.argsort(order[:, d])] for d in range(LATENT_DIMS)], axis=1
    )
    total = 0.0
    for codes_, true in ((z, 0), (permuted, 1)):
        logits = s.run("discriminator", codes_)
        total += np.mean([np.log(sum(np.exp(row))) - row[true] for row in logits]) / 2
    loss, _ = s.loss("discriminator")
    assert loss == pytest.approx(total, rel=1e-12)


def test_non_syns_first_step_is_the_elbo():
    s = Setting(NonSynVAE)
    x, _, eps = s.arrays()
    mu, sigma, z = each_points(s, x, eps)
    x_rec = error(s.run("decoder_x", z), x)
    loss, logs = s.loss("elbo")
    assert loss == pytest.approx(kl(mu, sigma) + LAMBDA * x_rec, rel=1e-12)
    assert logs == pytest.approx({"kl": kl(mu, sigma), "x_rec": x_rec}, rel=1e-12)


def worst(kls):
    """The paper's greedy policy, plainly."""
    best, information = [], 0.0
    while True:
        base, before = list(best), information
        for c in range(len(kls)):
            new = sum(kls[i] for i in [*base, c])
            if c not in base and (new if not base else new * OMEGA) > information:
                best, information = [*base, c], new
        if information == before:
            return [c for c in range(len(kls)) if c not in best]


def test_non_syns_second_step_is_the_kl_of_the_worst_latents_of_the_second_batch():
    s = Setting(NonSynVAE)
    mu, sigma, _ = each_points(s, s.other_x.numpy(), 0)
    kls = [kl(mu[:, [d]], sigma[:, [d]]) for d in range(LATENT_DIMS)]
    left_out = worst(kls)
    assert 0 < len(left_out) < LATENT_DIMS
    loss, logs = s.loss("synergy")
    assert loss == pytest.approx(ALPHA * sum(kls[c] for c in left_out), rel=1e-12)
    assert logs == pytest.approx({"synergy": loss / ALPHA}, rel=1e-12)


def test_pretraining_is_the_loss_without_y():
    for cls in (VAE, STIB):
        s = Setting(cls)
        x, _, _ = s.arrays()
        mu, sigma, z = codes(s)
        loss, _ = s.loss("pretrain")
        x_rec = error(s.run("decoder_x", z), x)
        assert loss == pytest.approx(kl(mu, sigma) + LAMBDA * x_rec, rel=1e-12)
    for cls in (CVAE, CVIB):
        s = Setting(cls)
        mu, sigma, x_rec = conditional(s)
        loss, _ = s.loss("pretrain")
        assert loss == pytest.approx(kl(mu, sigma) + LAMBDA * x_rec, rel=1e-12)
