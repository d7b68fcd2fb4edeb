"""What a data set is: endless or finite, split deterministically, drawn an epoch at a time."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from symray.data.fetch import Progress, silent
from symray.data.report import DataReport, columns_of
from symray.data.transforms import Transforms

SplitName = Literal["validation", "test"]
HELD_OUT: tuple[SplitName, ...] = ("validation", "test")
XKind = Literal["vectors", "strings", "images"]
YKind = Literal["targets", "factors", "none"]


@dataclass(frozen=True)
class Target:
    """A column of Y in a unit of its own; metrics report its error as ``mae_NAME``.

    Attributes:
        name: letters, digits and ``_``.
        column: of Y.
        factor: from Y's unit to this one.
        unit: for people.
    """

    name: str
    column: int
    factor: float = 1.0
    unit: str = ""


@dataclass(frozen=True)
class DataForm:
    """What a data set holds, known before any of it is read.

    Attributes:
        x: kind of X, which decides what measures its reconstruction.
        y: ``targets`` that a model may predict, ``factors`` that only metrics look at, or ``none``,
            and then Y is 0.
        networks: name in :data:`symray.networks.NETWORKS` of those that fit.
        targets: what Y's columns are, where they have names; a column may stand in several units.
    """

    x: XKind
    y: YKind
    networks: str
    targets: tuple[Target, ...] = ()

    @property
    def mixes_units(self) -> bool:
        """Whether Y's columns have units of their own, so that a sum over them has none.

        Sums over Y are then in standard deviations of the training rows.
        """
        return len({target.column for target in self.targets}) > 1


VECTORS = DataForm("vectors", "targets", "dense")


class Batch(NamedTuple):
    """Inputs ``x`` (..., B, *x_shape) and Y ``y`` (..., B, dy)."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Split:
    """A held-out part: ``x`` (N, ...), ``y`` (N, dy), and what figures colour by, ``colour`` (N,).

    ``x`` is as the data set stores it, see :meth:`symray.data.transforms.XUnits.expand`.
    """

    x: Tensor
    y: Tensor
    colour: np.ndarray


class DataSet(ABC):
    """A source of training batches with a fixed validation and test split.

    Attributes:
        form: what X and Y are.
        y_name: of its columns in a report, before their number.
        name: the name in study files.
        key: fingerprint of the content; equal keys mean equal data.
        x_shape: of one X as networks see it.
        y_dims: width of Y.
        transforms: from the data's own units to the networks' and back.
        steps_per_epoch: steps of an epoch where the study file names none, or None when the
            data are finite and an epoch is one pass.
    """

    form: ClassVar[DataForm]
    y_name: ClassVar[str] = "y"
    name: str
    key: str
    x_shape: tuple[int, ...]
    y_dims: int
    transforms: Transforms
    steps_per_epoch: int | None = None

    @abstractmethod
    def epoch(self, batch_size: int, steps: int, generator: torch.Generator) -> Batch:
        """Draw the minibatches of ``steps`` steps.

        Args:
            batch_size: B.
            steps: S.
            generator: the trial's own; every random number comes from it.

        Returns:
            ``x`` (S, B, ...) as stored and ``y`` (S, B, dy) in the networks' units, on the CPU or
            where the generator is.
        """

    @abstractmethod
    def passes(self, batch_size: int) -> int:
        """Steps that make one epoch of ``batch_size``."""

    @abstractmethod
    def split(self, name: SplitName) -> Split:
        """The held-out split ``name``, the same at every call; y is in the networks' units."""

    def report(self) -> DataReport:
        """What was read; takes a pass over the data. By default what the held-out splits show."""
        splits = {name: self.split(name) for name in HELD_OUT}
        y = np.concatenate([self.transforms.y.outside(split.y) for split in splits.values()])
        names = [f"{self.y_name}{i + 1}" for i in range(y.shape[1])]
        return DataReport(
            self.name,
            f"{self.form.x} {' x '.join(map(str, self.x_shape))}",
            None,
            None,
            {name: len(split.x) for name, split in splits.items()},
            tuple(columns_of("y", names, y, self.transforms.y)),
            notes=("drawn anew for every batch; columns are those of the held-out splits",),
        )

    @property
    def point_bytes(self) -> int:
        """What X and Y of one point take while they wait for their step."""
        return 4 * (math.prod(self.x_shape) + self.y_dims)


class NamedDataSet(DataSet):
    """A data set that study files know by its name; constructed without arguments.

    Attributes:
        summary: one line for ``symray data list``.
        pretraining_data: name of the set without Y that models are pretrained on, if there is one.
    """

    summary: ClassVar[str]
    pretraining_data: ClassVar[str | None] = None

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether it can be loaded on this machine at once."""
        return True

    @classmethod
    def prepare(cls, source: Path | None = None, progress: Progress = silent) -> None:
        """Make it ready to be loaded on this machine; nothing where it is.

        Args:
            source: a local file, or folder of files, instead of the publisher's address.
            progress: is told how it goes.

        Raises:
            UserError: the publisher is away, or a file can't be used.
        """
