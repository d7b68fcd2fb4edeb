"""What a searched setting may be: a range or a choice of numbers."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    WithJsonSchema,
    model_validator,
)

from symray.errors import shortened


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        shown = str(value).lower() if isinstance(value, bool) else shortened(repr(value))
        raise ValueError(f"must be a number, not {shown}")
    return value


MOST_STEPS = 1_000_000
"""Between the ends of a range; more of them are a continuum, and fill the memory of a grid."""

Number = int | float
Finite = Annotated[Number, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
_Step = Annotated[
    Number,
    Field(gt=0),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]


class Section(BaseModel):
    """A part of a study file: immutable, unknown keys and non-finite numbers refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Range(Section):
    """Numbers from ``low`` to ``high``, both included."""

    low: Finite
    """smallest value"""
    high: Finite
    """largest value"""
    log: bool = False
    """search on a logarithmic scale"""
    step: _Step | None = None
    """distance between neighbouring values; none by default (1 for whole numbers)"""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be smaller than high ({self.high})")
        if self.log and self.low <= 0:
            raise ValueError(
                f"a logarithmic range starts above 0, not at {self.low}; raise low or drop log"
            )
        if self.step is None:
            return self
        if self.log:
            raise ValueError("step and log exclude each other; drop one of the two")
        if (self.high - self.low) / MOST_STEPS > self.step:
            raise ValueError(
                f"steps of {self.step:.6g} make more than {MOST_STEPS} values between "
                f"{self.low:.6g} and {self.high:.6g}; give a larger step, or none for a continuum"
            )
        steps = (self.high - self.low) / self.step
        if not math.isclose(steps, round(steps), abs_tol=1e-6):
            raise ValueError(
                f"steps of {self.step} from {self.low} do not end at {self.high}; "
                f"the nearest high is {self.low + round(steps) * self.step:.12g}"
                if round(steps) > 0
                else f"a step of {self.step} is wider than the range {self.low} to {self.high}"
            )
        return self

    @property
    def integer(self) -> bool:
        """Whether only whole numbers are meant; so it is where the setting is a whole number."""
        return all(isinstance(value, int) for value in (self.low, self.high, self.step or 1))

    def values(self) -> tuple[Number, ...]:
        """Every value of a grid over the range, ascending; none for a continuum or the like."""
        step = self.step or (1 if self.integer else None)
        if step is None or (self.high - self.low) / step > MOST_STEPS:
            return ()
        count = round((self.high - self.low) / step) + 1
        return tuple(self.low + i * step for i in range(count))

    def __contains__(self, value: object) -> bool:
        """Whether the search can suggest ``value``."""
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        if self.step is None:
            return not self.integer or value == int(value)
        steps = (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-6)

    def __str__(self) -> str:
        """Words for an error message."""
        step = f" in steps of {self.step:.12g}" if self.step else ""
        return f"{self.low:.12g} to {self.high:.12g}{step}"


class Choice(Section):
    """One of some numbers, in no order."""

    choice: Annotated[tuple[Finite, ...], Strict(False), Field(min_length=1)]
    """the values to choose from"""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for i, value in enumerate(self.choice):
            if value in self.choice[:i]:
                raise ValueError(f"{value} stands twice among the choices")
        return self

    @property
    def integer(self) -> bool:
        """Whether all values are whole numbers; so they are where the setting is one."""
        return all(isinstance(value, int) for value in self.choice)

    def values(self) -> tuple[Number, ...]:
        """The values, in the file's order."""
        return self.choice

    def __contains__(self, value: object) -> bool:
        """Whether the search can suggest ``value``."""
        return value in self.choice

    def __str__(self) -> str:
        """Words for an error message."""
        return f"the choices {', '.join(f'{value:.12g}' for value in self.choice)}"


def _kind(entry: Any) -> str:
    return "(choice)" if isinstance(entry, Choice) or "choice" in _keys(entry) else "(range)"


def _keys(entry: Any) -> Sequence[str]:
    return list(entry) if isinstance(entry, dict) else []


Entry = Annotated[
    Annotated[Range, Tag("(range)")] | Annotated[Choice, Tag("(choice)")], Discriminator(_kind)
]
