"""Between what a data file holds, what is stored, and what networks see."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor


class XTransform(ABC):
    """The forms that X takes: a file's own, as stored, and as networks see it.

    All but :meth:`inside` work on whole batches, on any device.
    """

    @abstractmethod
    def expand(self, stored: Tensor) -> Tensor:
        """What networks see of X as it is stored."""

    @abstractmethod
    def mode(self, output: Tensor) -> Tensor:
        """The most probable X, as stored, by the output of a decoder."""

    @abstractmethod
    def inside(self, values: Any) -> Tensor:
        """A file's own values as they are stored.

        Raises:
            UserError: they are not such as the data set has.
        """

    @abstractmethod
    def outside(self, stored: Tensor) -> Any:
        """The inverse of :meth:`inside`."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Everything that makes these units, as plain JSON with their ``kind``."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: Mapping[str, Any]) -> "XTransform":
        """The inverse of :meth:`to_json`."""
