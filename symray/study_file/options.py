"""The smaller sections of a study file."""

import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Strict,
    WithJsonSchema,
    model_validator,
)

from symray.errors import shortened
from symray.metrics.catalogue import Direction
from symray.study_file.entries import Finite, Section

SamplerName = Literal["tpe", "random", "grid", "nsga2", "gp", "cmaes"]
PrunerName = Literal["none", "median", "successive_halving", "hyperband"]

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: Any) -> Any:
    """Seconds of a duration such as 90, "30m" or "2h"; other things as they are."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", value)
    if match is None:
        raise ValueError(
            f"'{shortened(value)}' is no duration; write seconds or a number with s, m, h or d"
        )
    seconds = float(match[1]) * _SECONDS[match[2]]
    if not math.isfinite(seconds):
        raise ValueError(f"'{shortened(value)}' is no duration; write fewer digits")
    return seconds


_DURATION = BeforeValidator(_seconds)
_DURATION_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}, mode="validation"
)
Duration = Annotated[float, Field(ge=0), _DURATION, _DURATION_SCHEMA]
PositiveDuration = Annotated[float, Field(gt=0), _DURATION, _DURATION_SCHEMA]


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Sampler(Section):
    """What suggests the parameters of the next trial."""

    name: SamplerName = "tpe"
    """which one"""
    startup_trials: Annotated[int, Field(ge=1)] | None = None
    """tpe: random trials before it models the space (5)"""
    population_size: Annotated[int, Field(ge=2)] | None = None
    """nsga2: trials of a generation (50)"""

    def options(self) -> dict[str, Any]:
        """The sampler's own options, without its name."""
        return self.model_dump(exclude={"name"}, exclude_none=True)


class Pruner(Section):
    """What stops trials that fall behind."""

    name: PrunerName = "none"
    """which one"""
    metric: str | None = None
    """compared between trials; the objective, or x_mae where that is an invariance"""
    direction: Direction | None = None
    """which way of the metric is better; always the metric's own"""
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """epochs without pruning; a tenth of all where none is named"""
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    """successive_halving, hyperband: one in so many trials goes on"""


SAMPLER_OPTIONS: dict[str, dict[str, int]] = {
    "tpe": {"startup_trials": 5},
    "nsga2": {"population_size": 50},
}
"""Options that a sampler has beside its name, and their defaults."""


def _shared_or_whole(gpus: float) -> float:
    if gpus > 1 and gpus != int(gpus):
        raise ValueError(f"must be a fraction of one GPU or a whole number of them, not {gpus:g}")
    return gpus


def _slots(value: Any) -> Any:
    if value is False:
        return "off"  # as YAML reads off
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value in ("auto", "off") or (whole and value >= 1):
        return value
    shown = str(value).lower() if isinstance(value, bool) else shortened(repr(value))
    raise ValueError(f"must be auto, off, or how many trials a pack has, 1 or more, not {shown}")


MOST_SLOTS = 256
"""Trials of a pack that auto tries at most."""


class Resources(Section):
    """What one trial occupies, or one pack of trials."""

    cpu: Annotated[float, Field(gt=0)] = 1.0
    """CPU cores"""
    gpu: Annotated[float, Field(ge=0), AfterValidator(_shared_or_whole)] = 0.0
    """GPUs; a fraction shares one"""
    retry_gpu: Annotated[float, Field(gt=0), AfterValidator(_shared_or_whole)] | None = None
    """GPUs of a training's second try, after it ran out of a GPU's memory; none by default"""
    pack: Annotated[
        Literal["auto", "off"] | int,
        BeforeValidator(_slots),
        WithJsonSchema(
            {"anyOf": [{"enum": ["auto", "off", False]}, {"type": "integer", "minimum": 1}]}
        ),
    ] = "auto"
    """trials that one worker trains as one program; auto measures at the start whether it pays"""

    def __str__(self) -> str:
        """Words for a sentence."""
        return f"{self.cpu:g} CPU" + (f" and {self.gpu:g} GPU" if self.gpu else "")

    @model_validator(mode="after")
    def _retried_with_more(self) -> Self:
        if self.retry_gpu is not None and self.retry_gpu <= self.gpu:
            raise ValueError(
                f"retry_gpu ({self.retry_gpu:g}) must be more than gpu ({self.gpu:g}), which was "
                "too little"
            )
        return self


def _switch(value: Any) -> Any:
    """As YAML reads ``on`` and ``off``."""
    return ("on" if value else "off") if isinstance(value, bool) else value


SystemMetrics = Annotated[
    Literal["auto", "on", "off"],
    BeforeValidator(_switch),
    WithJsonSchema({"enum": ["auto", "on", "off", True, False]}),
]


class Confirmation(Section):
    """How the best trials are retrained before one is chosen."""

    top: Annotated[int, Field(ge=0)] = 3
    """how many of the best trials; 0 switches the confirmation off"""
    seeds: Annotated[int, Field(ge=1)] = 5
    """fresh seeds of each"""
    metrics: Annotated[tuple[str, ...], Strict(False)] = ()
    """costly metrics that each of these trainings ends with, such as mi_z0_y_neural"""


class Checkpoints(Section):
    """Which checkpoints stay and how often one is written."""

    keep: Annotated[int, Field(ge=0)] = 5
    """of how many of the best trials the checkpoints stay"""
    every: Duration = 10.0
    """shortest time between two of a trial: seconds, or 30s, 5m"""


class NpzData(Section):
    """Arrays of a NumPy .npz file."""

    npz: Annotated[Path, Strict(False)]
    """the file, relative to the study file"""
    x: str = "x"
    """name of the array of inputs"""
    y: str = "y"
    """name of the array of targets"""


class Pretraining(Section):
    """What trials begin with: encoder and decoder trained on data without Y."""

    data: str = ""
    """a data set without Y; by default the one that belongs to the study's data"""
    training: dict[str, Finite] = Field(default_factory=dict)
    """settings of the pretraining; architecture is that of the trial"""
    seed: Annotated[int, Field(ge=0)] = 0
    """decides every random number of the pretraining"""


class ImagesData(Section):
    """Images of a NumPy .npz file."""

    npz: Annotated[Path, Strict(False)]
    """the file, relative to the study file"""
    images: str
    """name of the array of images"""
    factors: str | None = None
    """name of the array of the factors that made them, for metrics that need them"""


class SpritesData(Section):
    """A sub-grid of dSprites."""

    dsprites: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Strict(False)]
    """take every n-th shape, scale, orientation, x and y"""


class MoleculesData(Section):
    """Molecules of a .csv file, plain or .gz."""

    csv: Annotated[Path, Strict(False)]
    """the file, relative to the study file"""
    smiles: str = "smiles"
    """name of the column of SMILES"""
    targets: Annotated[tuple[str, ...], Strict(False)] = ()
    """names of the columns of targets; metrics report each as mae_NAME"""
    codec: Literal["deepsmiles", "grammar"] = "deepsmiles"
    """how networks see a molecule"""
    bad_rows: Literal["skip", "stop"] = "skip"
    """whether rows that can't be used are left out and counted, or an error"""
    bad_rows_most: Annotated[float, Field(ge=0, le=1)] = 0.05
    """share of rows that may be left out; more of them are an error"""


def _by_name(section: type[Section], names: Any) -> BeforeValidator:
    return BeforeValidator(_named, json_schema_input_type=section | names)


SamplerField = Annotated[Sampler, _by_name(Sampler, SamplerName)]
PrunerField = Annotated[Pruner, _by_name(Pruner, PrunerName)]
