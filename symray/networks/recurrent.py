"""Networks for strings of symbols: those of the STIB paper for SMILES (appendix 2.2.1, 2.3.1)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from symray.chem import GrammarCodec
from symray.networks.base import Networks
from symray.networks.dense import mlp
from symray.networks.gru import GRU
from symray.networks.likelihood import categorical_cross_entropy, masked_cross_entropy


class _Strings(Networks):
    """What both have: a GRU decoder that is told nothing but the code.

    X are one-hot strings (L, V), the decoder gives logits of each position.
    """

    recurrent = True
    y_widths: ClassVar[Sequence[int]]
    adversary_widths: ClassVar[Sequence[int]]

    def __init__(
        self, x_shape: Sequence[int], y_dims: int, gru_width: int, gru_layers: int
    ) -> None:
        super().__init__(x_shape, y_dims)
        self.length, self.symbols = self.x_shape
        self._gru_width, self._gru_layers = gru_width, gru_layers

    def decoder_x(self, inputs: int, fan_in: int | None = None) -> nn.Module:
        """(N, inputs) to logits (N, L, V)."""
        return StringDecoder(
            inputs, self.length, self.symbols, self._gru_width, self._gru_layers, fan_in
        )

    def decoder_y(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to Y (N, dy)."""
        return mlp([inputs, *self.y_widths, self.y_dims], fan_in=fan_in)

    def adversary(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to Y (N, dy)."""
        return mlp([inputs, *self.adversary_widths, self.y_dims], fan_in=fan_in)

    def bijection(self) -> nn.Sequential:
        """(N, dy) to (N, dy); the paper gives no sizes: the property decoder's."""
        return mlp([self.y_dims, *self.y_widths, self.y_dims])

    def x_error(self, output: Tensor, x: Tensor) -> Tensor:
        """Categorical cross-entropy in nats, summed over positions, mean over the batch."""
        return categorical_cross_entropy(output, x)


class Grammar(_Strings):
    """For rules of the SMILES grammar, as for QM9: three Conv1d of width 3 and FC 256 encode.

    The likelihood is Grammar VAE's: at each position the softmax runs over the rules of the true
    one's left side, because the decoder's stack, and not the network, says which symbol is next
    (Kusner et al. 2017, equations 4 to 6). Padding costs nothing. The STIB paper doesn't say
    whether its loss is masked; without the mask, the structure of derivations is learned first.
    """

    architecture: ClassVar[Mapping[str, int]] = {
        "filters": 12,
        "hidden_width": 256,
        "gru_width": 256,
        "gru_layers": 3,
    }
    y_widths = (56, 256, 128)
    adversary_widths = y_widths

    def __init__(
        self,
        x_shape: Sequence[int],
        y_dims: int,
        filters: int,
        hidden_width: int,
        gru_width: int,
        gru_layers: int,
    ) -> None:
        super().__init__(x_shape, y_dims, gru_width, gru_layers)
        self._filters, self._hidden_width = filters, hidden_width
        codec = GrammarCodec()
        if self.symbols != codec.vocabulary_size:
            raise ValueError(f"X has {self.symbols} symbols, the grammar {codec.vocabulary_size}")
        together = torch.from_numpy(codec.rules_of_left[codec.left_of_rule])
        itself = torch.eye(self.symbols, dtype=torch.bool, device=together.device)
        self._together = (together | itself).float()

    def x_error(self, output: Tensor, x: Tensor) -> Tensor:
        """The class's cross-entropy in nats, summed over positions, mean over the batch."""
        self._together = self._together.to(x)
        return masked_cross_entropy(output, x, self._together)

    def encoder(self, outputs: int) -> nn.Sequential:
        """(N, L, V) to (N, outputs)."""
        layers: list[nn.Module] = [_Transpose()]
        for channels in (self.symbols, self._filters, self._filters):
            layers += [nn.Conv1d(channels, self._filters, 3), nn.ReLU()]
        features = self._filters * (self.length - 3 * 2)  # each convolution takes two positions
        dense = mlp([features, self._hidden_width, outputs], nn.ReLU)
        return nn.Sequential(*layers, nn.Flatten(), *dense)


class DeepSmiles(_Strings):
    """For characters, as for ZINC: all states of a GRU of width 12 (1356 numbers), then FC 128."""

    architecture: ClassVar[Mapping[str, int]] = {
        "encoder_width": 12,
        "hidden_width": 128,
        "gru_width": 501,
        "gru_layers": 3,
    }
    y_widths = (36, 36, 36)
    adversary_widths = (36, 36)

    def __init__(
        self,
        x_shape: Sequence[int],
        y_dims: int,
        encoder_width: int,
        hidden_width: int,
        gru_width: int,
        gru_layers: int,
    ) -> None:
        super().__init__(x_shape, y_dims, gru_width, gru_layers)
        self._encoder_width, self._hidden_width = encoder_width, hidden_width

    def encoder(self, outputs: int) -> nn.Sequential:
        """(N, L, V) to (N, outputs)."""
        features = self._encoder_width * self.length
        dense = mlp([features, self._hidden_width, outputs], nn.ReLU)
        return nn.Sequential(_States(self.symbols, self._encoder_width), nn.Flatten(), *dense)


class StringDecoder(nn.Module):
    """FC 36, repeated for each position, stacked GRUs, and logits; no teacher (Grammar VAE)."""

    def __init__(
        self,
        inputs: int,
        length: int,
        symbols: int,
        width: int,
        layers: int,
        fan_in: int | None = None,
        first_width: int = 36,
    ) -> None:
        super().__init__()
        self.length = length
        self.first = mlp([inputs, first_width], fan_in=fan_in)
        self.gru = _gru(first_width, width, layers)
        self.last = nn.Linear(width, symbols)

    def forward(self, z: Tensor) -> Tensor:
        """Logits (N, L, V) of codes (N, inputs)."""
        repeated = torch.relu(self.first(z)).unsqueeze(-2).expand(-1, self.length, -1)
        return self.last(self.gru(repeated))  # type: ignore[no-any-return]


class _States(nn.Module):
    """All states (N, L, width) of a GRU that reads (N, L, V)."""

    def __init__(self, symbols: int, width: int) -> None:
        super().__init__()
        self.gru = _gru(symbols, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)  # type: ignore[no-any-return]


@torch.no_grad()
def _gru(inputs: int, width: int, layers: int = 1) -> GRU:
    """GRUs upon one another, from (N, L, inputs) to (N, L, width).

    Their weights begin as in Keras, which Grammar VAE was written in: recurrent ones orthogonal,
    here gate by gate, the others uniform after Glorot & Bengio (2010), biases 0. A decoder that is
    told nothing but the code finds out where in the string it is much sooner with these.
    """
    gru = GRU(inputs, width, layers)
    for name, parameter in gru.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            continue
        begin = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
        for gate in parameter.chunk(3):
            begin(gate)
    return gru


class _Transpose(nn.Module):
    """(N, L, V) to (N, V, L), as Conv1d wants it."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mT
