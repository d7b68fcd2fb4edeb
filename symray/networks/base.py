"""What models are made of, for one kind of data."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn


class Networks(ABC):
    """Makes the encoder and the decoders that fit one kind of data, and knows X's likelihood.

    A model asks for the networks it needs and so runs on every kind of data. Subclasses are
    constructed as ``cls(x_shape, y_dims, **architecture)`` where ``architecture`` holds exactly
    the keys of :attr:`architecture`; no method draws from anything but torch's global generator.

    Attributes:
        architecture: sizes and their defaults; each can be set or searched in a study file.
        vectorisable: whether the networks work under ``torch.func.vmap``.
        recurrent: whether there are recurrent ones among them.
        memory_format: of the parameters while they are trained.
        x_shape: of one X as the encoder sees it.
        y_dims: width of Y.
    """

    architecture: ClassVar[Mapping[str, int]] = {}
    vectorisable: ClassVar[bool] = True
    recurrent: ClassVar[bool] = False
    memory_format: ClassVar[torch.memory_format] = torch.contiguous_format

    def __init__(self, x_shape: Sequence[int], y_dims: int) -> None:
        self.x_shape = tuple(x_shape)
        self.y_dims = y_dims

    @abstractmethod
    def encoder(self, outputs: int) -> nn.Module:
        """X to (N, outputs)."""

    @abstractmethod
    def decoder_x(self, inputs: int, fan_in: int | None = None) -> nn.Module:
        """(N, inputs) to the parameters of p(x|z), (N, *x_shape).

        ``fan_in`` says how many inputs are ever non-zero when a mask hides the others: the first
        layer is initialised as one of that width would be.
        """

    @abstractmethod
    def decoder_y(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """(N, inputs) to Y (N, dy)."""

    @abstractmethod
    def adversary(self, inputs: int, fan_in: int | None = None) -> nn.Sequential:
        """STIB's predictor of Y (N, dy) from Z0 (N, inputs)."""

    @abstractmethod
    def bijection(self) -> nn.Sequential:
        """One of STIB's h and h^-1, (N, dy) to (N, dy)."""

    @abstractmethod
    def x_error(self, output: Tensor, x: Tensor) -> Tensor:
        """Xrec of the papers: minus log likelihood up to constants, mean over the batch; ().

        Args:
            output: of the decoder of X.
            x: the batch's X.
        """
