"""What a data set is: endless or finite, split deterministically, drawn an epoch at a time."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

SplitName = Literal["validation", "test"]


class Batch(NamedTuple):
    """Inputs ``x`` (..., B, dx) and targets ``y`` (..., B, dy), float32."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Split:
    """A held-out part: ``x`` (N, dx), ``y`` (N, dy) and what figures colour by, ``colour`` (N,)."""

    x: Tensor
    y: Tensor
    colour: np.ndarray


@dataclass(frozen=True)
class Scaling:
    """Affine map from a data file's units to the network's: ``(value - shift) / scale``.

    All arrays have one entry per dimension; metrics are reported in the file's units.
    """

    x_shift: Tensor
    x_scale: Tensor
    y_shift: Tensor
    y_scale: Tensor

    @classmethod
    def identity(cls, x_dims: int, y_dims: int) -> "Scaling":
        """The scaling of data that networks see as they are."""
        return cls(torch.zeros(x_dims), torch.ones(x_dims), torch.zeros(y_dims), torch.ones(y_dims))


class DataSet(ABC):
    """A source of training batches with a fixed validation and test split.

    Attributes:
        name: the name in study files.
        key: fingerprint of the content; equal keys mean equal data.
        x_dims: width of X.
        y_dims: width of Y.
        scaling: how X and Y were scaled for the networks.
        steps_per_epoch: steps of an epoch where the study file names none, or None when the
            data are finite and an epoch is one pass.
    """

    name: str
    key: str
    x_dims: int
    y_dims: int
    scaling: Scaling
    steps_per_epoch: int | None = None

    @abstractmethod
    def epoch(self, batch_size: int, steps: int, generator: torch.Generator) -> Batch:
        """Draw the minibatches of ``steps`` steps.

        Args:
            batch_size: B.
            steps: S.
            generator: the trial's own CPU generator; every random number comes from it.

        Returns:
            ``x`` (S, B, dx) and ``y`` (S, B, dy) on the CPU, in the networks' units.
        """

    @abstractmethod
    def passes(self, batch_size: int) -> int:
        """Steps that make one epoch of ``batch_size``."""

    @abstractmethod
    def split(self, name: SplitName) -> Split:
        """The held-out split ``name``, in the networks' units, the same at every call."""
