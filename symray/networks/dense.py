"""Dense networks, and those of the STIB paper's artificial data."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import linear

from symray.networks.base import Networks
from symray.networks.likelihood import squared_error


class Dense(Networks):
    """Networks for vectors (dx,): all alike, as for the paper's artificial data (appendix 2.1.1).

    The encoder's hidden layers have no bias; its output layer and all other networks have.
    """

    architecture: ClassVar[Mapping[str, int]] = {"hidden_width": 256, "hidden_layers": 2}

    def __init__(
        self, x_shape: Sequence[int], y_dims: int, hidden_width: int, hidden_layers: int
    ) -> None:
        super().__init__(x_shape, y_dims)
        (self.x_dims,) = self.x_shape
        self._hidden = [hidden_width] * hidden_layers

    def encoder(self, outputs: int) -> nn.Sequential:
        """(N, dx) to (N, outputs)."""
        return mlp([self.x_dims, *self._hidden, outputs], bias=False)

    def decoder_x(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to X (N, dx)."""
        return mlp([inputs, *self._hidden, self.x_dims], fan_in=fan_in)

    def decoder_y(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to Y (N, dy)."""
        return mlp([inputs, *self._hidden, self.y_dims], fan_in=fan_in)

    def adversary(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """As the decoder of Y."""
        return self.decoder_y(inputs, fan_in)

    def bijection(self) -> nn.Sequential:
        """(N, dy) to (N, dy)."""
        return mlp([self.y_dims, *self._hidden, self.y_dims])

    def x_error(self, output: Tensor, x: Tensor) -> Tensor:
        """Squared error summed over dimensions, mean over the batch."""
        return squared_error(output, x)


def mlp(
    sizes: Sequence[int],
    activation: Callable[[], nn.Module] = nn.Softplus,
    bias: bool = True,
    fan_in: int | None = None,
) -> nn.Sequential:
    """Linear layers ``sizes[0]`` -> ... -> ``sizes[-1]``, activations between them.

    Args:
        sizes: widths of input, hidden layers and output.
        activation: after all layers but the last; softplus as in the STIB paper's code.
        bias: whether the hidden layers have a bias; the output layer always has one.
        fan_in: how many inputs are ever non-zero, when a mask hides the others: the first layer is
            then initialised as one of that width would be, so that a network that sees 1 of 16
            latents starts as one built for a single latent does. At least 1.
    """
    layers: list[nn.Module] = []
    last = len(sizes) - 2
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(inputs, outputs, bias=bias or i == last), activation()]
    network = nn.Sequential(*layers[:-1])
    if fan_in is not None:
        bound = 1 / math.sqrt(fan_in)  # PyTorch's own initialisation of a Linear layer
        for parameter in network[0].parameters():
            nn.init.uniform_(parameter, -bound, bound)
    return network


def frozen(network: nn.Sequential, x: Tensor) -> Tensor:
    """``network(x)``, differentiable in ``x`` (..., inputs) but not in the network's parameters."""
    for layer in network:
        if isinstance(layer, nn.Linear):
            x = linear(x, layer.weight.detach(), layer.bias.detach())
        else:
            x = layer(x)
    return x
