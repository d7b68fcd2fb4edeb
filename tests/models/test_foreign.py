"""Weights of other implementations, against those implementations themselves."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from symray.errors import UserError
from symray.models import FactorVAE, load_foreign
from symray.networks import Convolutional

LATENTS, CHANNELS, WIDTH = 4, 3, 16
NETWORKS = {"encoder": "encode", "decoder_x": "decode"}


def up(before: int, after: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(before, after, 4, 2, 1)


def down(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 4, 2, 1)


class Convolved(nn.Module):
    """The architecture with its dense layers written as convolutions, as FactorVAEs often are."""

    def __init__(self, relu: bool) -> None:
        super().__init__()
        c = CHANNELS
        self.encode = nn.Sequential(
            *(down(1, c), nn.ReLU(), down(c, c), nn.ReLU()),
            *(down(c, 2 * c), nn.ReLU(), down(2 * c, 2 * c), nn.ReLU()),
            nn.Conv2d(2 * c, WIDTH, 4),
            nn.ReLU() if relu else nn.Identity(),
            nn.Conv2d(WIDTH, 2 * LATENTS, 1),
        )
        self.decode = nn.Sequential(
            *(nn.Conv2d(LATENTS, WIDTH, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(WIDTH, 2 * c, 4), nn.ReLU()),
            *(up(2 * c, 2 * c), nn.ReLU(), up(2 * c, c), nn.ReLU(), up(c, c), nn.ReLU(), up(c, 1)),
        )


class Dense(nn.Module):
    """The same with layers of other names, and means and log variances apart."""

    def __init__(self) -> None:
        super().__init__()
        c = CHANNELS
        self.conv1, self.conv2 = down(1, c), down(c, c)
        self.conv3, self.conv4 = down(c, 2 * c), down(2 * c, 2 * c)
        self.fc = nn.Linear(32 * c, WIDTH)
        self.fc_mu, self.fc_logvar = nn.Linear(WIDTH, LATENTS), nn.Linear(WIDTH, LATENTS)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = layer(x).relu()
        h = self.fc(x.flatten(1))
        return self.fc_mu(h), self.fc_logvar(h)


def built(dense_relu: int = 0) -> FactorVAE:
    networks = Convolutional((1, 64, 64), 5, CHANNELS, WIDTH, dense_relu)
    return FactorVAE(networks, LATENTS, discriminator_width=8, discriminator_layers=1)


@pytest.fixture
def x() -> Tensor:
    return torch.rand(5, 1, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("relu", [False, True])
def test_dense_layers_written_as_convolutions(x: Tensor, relu: bool) -> None:
    other, model = Convolved(relu), built(int(relu))
    left = load_foreign(model, other.state_dict(), NETWORKS)
    assert left == [name for name, _ in model.named_parameters() if name.startswith("discrim")]
    stats = other.encode(x)[:, :, 0, 0]
    mu, log_sigma = model.posterior(x)
    torch.testing.assert_close(torch.cat([mu, 2 * log_sigma], 1), stats, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        model.decode(mu), other.decode(mu[:, :, None, None]), rtol=1e-5, atol=1e-6
    )


def test_layers_named_one_by_one_and_concatenated(x: Tensor) -> None:
    other, model = Dense(), built()
    places = dict(
        zip(("0", "2", "4", "6", "9"), ("conv1", "conv2", "conv3", "conv4", "fc"), strict=True)
    )
    mapping: dict[str, str | list[str]] = {f"encoder.{k}": v for k, v in places.items()}
    load_foreign(model, other.state_dict(), {**mapping, "encoder.10": ["fc_mu", "fc_logvar"]})
    mu, log_variance = other.encode(x)
    torch.testing.assert_close(model.posterior(x)[0], mu)
    torch.testing.assert_close(2 * model.posterior(x)[1], log_variance)


def without(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("mapping", "drop", "sentence"),
    [
        ({"encode": "encode"}, "", "the model has no weights below 'encode'; did you mean 'encode"),
        ({"encoder": "encoder"}, "", "the state has no weights below 'encoder'; did you mean"),
        ({"encoder": "decode"}, "", "the weight of 'decode.0' has the shape"),
        ({"encoder": "encode.0"}, "", r"'encoder' has 6 layers .* but 'encode.0' has 1"),
        ({"encoder.0": "encode.2"}, "", r"shape \(3, 3, 4, 4\), which doesn't fit 'encoder.0'"),
        ({"encoder": "encode"}, "encode.4.bias", "'encoder.4' has weight and bias, but"),
        ({"encoder.10": ["encode", "decode"]}, "", "only single layers can be concatenated"),
    ],
)
def test_what_does_not_fit_is_said_and_changes_nothing(
    mapping: dict[str, str], drop: str, sentence: str
) -> None:
    other, model = Convolved(False), built()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(UserError, match=sentence):
        load_foreign(model, without(other.state_dict(), drop), mapping)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
