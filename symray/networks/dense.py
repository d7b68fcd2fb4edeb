"""Dense networks with softplus between their layers, as all of the STIB paper's are."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import linear


def mlp(sizes: Sequence[int], bias: bool = True, fan_in: int | None = None) -> nn.Sequential:
    """Linear layers ``sizes[0]`` -> ... -> ``sizes[-1]``, softplus between them, none at the end.

    Args:
        sizes: widths of input, hidden layers and output.
        bias: whether the hidden layers have a bias; the output layer always has one.
        fan_in: how many inputs are ever non-zero, when a mask hides the others: the first layer is
            then initialised as one of that width would be, so that a network that sees 1 of 16
            latents starts as one built for a single latent does. At least 1.
    """
    layers: list[nn.Module] = []
    last = len(sizes) - 2
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        layers += [nn.Linear(inputs, outputs, bias=bias or i == last), nn.Softplus()]
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
