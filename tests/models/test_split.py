"""Who sees Z0, who sees Z1, and who sees both."""

import pytest
import torch

from symray.data.base import Batch
from symray.models import CVAE, CVIB, STIB, VAE, STIBWithoutAdversary
from symray.networks import Dense

DX, DY, N = 3, 2, 9


def build(cls, latent_dims=4, z1_dims=1):
    return cls(Dense((DX,), DY, hidden_width=8, hidden_layers=2), latent_dims, z1_dims)


def changed(z, latents):
    z = z.clone()
    z[:, latents] += 1
    return z


Z0, Z1 = [0, 1, 2], [3]


@pytest.mark.parametrize("cls", [STIB, STIBWithoutAdversary])
def test_stib_predicts_y_from_z1_and_x_from_all(cls):
    model, z = build(cls), torch.randn(N, 4)
    assert torch.equal(model.predict(changed(z, Z0)), model.predict(z))
    assert not torch.equal(model.predict(changed(z, Z1)), model.predict(z))
    for part in (Z0, Z1):
        assert not torch.equal(model.decode(changed(z, part)), model.decode(z))


def test_stibs_adversary_sees_z0_only():
    model, hp = build(STIB), {k: torch.tensor(1.0) for k in (*STIB.hyperparameters, "lambda")}
    batch, eps = Batch(torch.randn(N, DX), torch.randn(N, DY)), torch.randn(N, 4)

    def adversary_mi(eps):
        return model.loss("maximise", [batch], {"z": eps}, hp)[1]["adversary_mi"]

    noisier = changed(eps, Z1) * torch.tensor([1, 1, 1, 5.0])
    assert torch.equal(adversary_mi(noisier), adversary_mi(eps))
    assert not torch.equal(adversary_mi(eps * torch.tensor([5.0, 1, 1, 1])), adversary_mi(eps))


def test_all_of_a_vaes_code_is_z0():
    model, z = build(VAE), torch.randn(N, 4)
    assert model.z0_mask.tolist() == [1, 1, 1, 1]
    for part in (Z0, Z1):
        assert not torch.equal(model.predict(changed(z, part)), model.predict(z))
        assert not torch.equal(model.decode(changed(z, part)), model.decode(z))


@pytest.mark.parametrize("cls", [CVAE, CVIB])
def test_a_conditional_models_code_has_the_size_of_z0(cls):
    model, z, y = build(cls), torch.randn(N, 4), torch.randn(N, DY)
    mu, log_sigma = model.posterior(torch.randn(N, DX))
    assert mu[:, Z1].eq(0).all()
    assert log_sigma[:, Z1].eq(0).all()
    assert mu[:, Z0].ne(0).all()
    assert torch.equal(model.decode(changed(z, Z1), y), model.decode(z, y))
    assert not torch.equal(model.decode(changed(z, Z0), y), model.decode(z, y))
    assert not torch.equal(model.decode(z, y + 1), model.decode(z, y))


@pytest.mark.parametrize("cls", [CVAE, CVIB])
def test_a_conditional_model_needs_y_and_does_not_predict_it(cls):
    model, z = build(cls), torch.randn(N, 4)
    with pytest.raises(TypeError, match="decodes X from Z and Y: give y"):
        model.decode(z)
    with pytest.raises(TypeError, match="does not predict Y"):
        model.predict(z)


def test_the_encoder_has_a_bias_in_its_latent_layer_only():
    encoder = dict(build(STIB).encoder.named_parameters())
    assert [name for name in encoder if "bias" in name] == [list(encoder)[-1]]


def test_sigma_is_one_vector_for_stib_and_vae_and_one_per_point_for_cvae():
    x = torch.randn(N, DX)
    for cls, expected in ((STIB, 1), (VAE, 1), (CVAE, N), (CVIB, N)):
        _, log_sigma = build(cls).posterior(x)
        assert len(log_sigma.unique(dim=0)) == expected
