"""Constraints: bounds on metrics that a trial must keep to be chosen."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from symray.errors import shortened

NO_VALUE = 1e9
"""Violation of a constraint whose metric is missing or not finite: worse than any real one."""

_PATTERN = re.compile(r"\s*([\w/.-]+)\s*(<=|>=)\s*([^\s<>=]+)\s*")


@dataclass(frozen=True)
class Constraint:
    """``metric op bound``, as ``x_mae <= 0.8``."""

    metric: str
    op: Literal["<=", ">="]
    bound: float

    @classmethod
    def parse(cls, text: str) -> "Constraint":
        """The inverse of ``str``.

        Raises:
            ValueError: ``text`` isn't ``METRIC <= NUMBER`` or ``METRIC >= NUMBER``.
        """
        match = _PATTERN.fullmatch(text)
        try:
            if match and math.isfinite(bound := float(match[3])):
                return cls(match[1], "<=" if match[2] == "<=" else ">=", bound)
        except ValueError:
            pass
        raise ValueError(
            f"'{shortened(text)}' is no constraint; write METRIC <= NUMBER or METRIC >= NUMBER, "
            f"as in x_mae <= 0.8"
        )

    def violation(self, value: float | None) -> float:
        """How far ``value`` misses the bound; at most 0 when it keeps it."""
        if value is None or not math.isfinite(value):
            return NO_VALUE
        return value - self.bound if self.op == "<=" else self.bound - value

    def __str__(self) -> str:
        """As in a study file."""
        return f"{self.metric} {self.op} {self.bound!r}"


def _parse(value: Any) -> Any:
    if isinstance(value, Constraint):
        return value
    if isinstance(value, str):
        return Constraint.parse(value)
    raise ValueError(f"a constraint is a text such as 'x_mae <= 0.8', not {shortened(repr(value))}")


ConstraintText = Annotated[
    Constraint,
    BeforeValidator(_parse),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\s*[\w/.-]+\s*(<=|>=)\s*[^\s<>=]+\s*$"}),
]
