"""Units: a file's own values, what is stored, what networks see, and the ways between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symray.data.units.affine import Affine
from symray.data.units.base import XUnits
from symray.data.units.pixels import Pixels
from symray.data.units.symbols import Symbols

__all__ = ["Affine", "Pixels", "Symbols", "Units", "XUnits"]


@dataclass(frozen=True)
class Units:
    """The units of a data set.

    Attributes:
        x: of X.
        y: of Y, which is always rows of numbers.
    """

    x: XUnits
    y: Affine

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Units":
        """The inverse of :meth:`to_json`."""
        x = X_UNITS[value["x"]["kind"]].from_json(value["x"])
        return cls(x, Affine.from_json(value["y"]))

    def to_json(self) -> dict[str, Any]:
        """Both as plain JSON."""
        return {"x": self.x.to_json(), "y": self.y.to_json()}


X_UNITS: Mapping[str, type[XUnits]] = {"affine": Affine, "pixels": Pixels, "symbols": Symbols}
"""By the ``kind`` that stands in their JSON."""
