"""Networks for 64 x 64 images: those of FactorVAE, which Non-Syn VAE shares (its appendix 7.2)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from symray.networks.base import Networks
from symray.networks.dense import mlp
from symray.networks.likelihood import bernoulli_cross_entropy

SIDE = 64
_LAST = 4  # side of the last feature map


class Convolutional(Networks):
    """Four convolutions down, four up, ReLU between.

    The paper has none after the encoder's dense layer; many implementations do, which
    ``dense_relu`` 1 stands for.

    X are images (1, 64, 64) between 0 and 1, the decoder gives logits. With the defaults:

    - encoder: 4x4 convolutions of stride 2 to 32, 32, 64, 64 channels, FC 128, FC outputs
    - decoder: FC 128, FC 4*4*64, transposed 4x4 convolutions to 64, 32, 32, 1 channels
    """

    architecture: ClassVar[Mapping[str, int]] = {
        "channels": 32,
        "hidden_width": 128,
        "dense_relu": 0,
    }
    memory_format = torch.channels_last  # a tenth faster, see docs/benchmarks.md

    def __init__(
        self,
        x_shape: Sequence[int],
        y_dims: int,
        channels: int,
        hidden_width: int,
        dense_relu: int = 0,
    ) -> None:
        super().__init__(x_shape, y_dims)
        if self.x_shape != (1, SIDE, SIDE):
            raise ValueError(f"images of shape {self.x_shape}; expected (1, {SIDE}, {SIDE})")
        self._channels = channels
        self._width = hidden_width
        self._relu = dense_relu

    def encoder(self, outputs: int) -> nn.Sequential:
        """(N, 1, 64, 64) to (N, outputs)."""
        c = self._channels
        layers: list[nn.Module] = []
        for before, after in ((1, c), (c, c), (c, 2 * c), (2 * c, 2 * c)):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
        features = 2 * c * _LAST**2
        layers += [nn.Flatten(), nn.Linear(features, self._width)]
        if self._relu:
            layers.append(nn.ReLU())
        return nn.Sequential(*layers, nn.Linear(self._width, outputs))

    def decoder_x(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to logits (N, 1, 64, 64)."""
        c = self._channels
        layers: list[nn.Module] = [
            *mlp([inputs, self._width, 2 * c * _LAST**2], nn.ReLU, fan_in=fan_in),
            nn.ReLU(),
            nn.Unflatten(-1, (2 * c, _LAST, _LAST)),
        ]
        for before, after in ((2 * c, 2 * c), (2 * c, c), (c, c)):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
        return nn.Sequential(*layers, nn.ConvTranspose2d(c, 1, 4, stride=2, padding=1))

    def decoder_y(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to Y (N, dy); the paper has none, one hidden layer as the encoder's."""
        return mlp([inputs, self._width, self.y_dims], fan_in=fan_in)

    def adversary(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """As the decoder of Y."""
        return self.decoder_y(inputs, fan_in)

    def bijection(self) -> nn.Sequential:
        """(N, dy) to (N, dy)."""
        return mlp([self.y_dims, self._width, self.y_dims])

    def x_error(self, output: Tensor, x: Tensor) -> Tensor:
        """Bernoulli cross-entropy in nats, summed over pixels, mean over the batch."""
        return bernoulli_cross_entropy(output, x)
