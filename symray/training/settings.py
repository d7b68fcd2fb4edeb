"""Names, kinds, bounds and defaults of every number that a trial is trained with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symray.errors import UserError, nearest
from symray.models.design import Design

Settings = dict[str, float | int]


@dataclass(frozen=True)
class Setting:
    """A number of a trial: what a study file may fix or search.

    Attributes:
        default: value where neither the study file nor a preset names one; None means "not used".
        low: the smallest allowed value.
        high: the largest allowed value.
        integer: whether it is a whole number.
        help: one line for the schema and ``symray init``.
        positive: whether ``low`` itself is excluded.
    """

    default: float | int | None
    low: float
    high: float
    integer: bool
    help: str
    positive: bool = False


INFINITY = float("inf")

TRAINING_SETTINGS: Mapping[str, Setting] = {
    "epochs": Setting(100, 1, INFINITY, True, "epochs of a trial"),
    "steps_per_epoch": Setting(
        None, 1, INFINITY, True, "steps of an epoch; by default the data set's"
    ),
    "batch_size": Setting(60, 2, INFINITY, True, "points of a minibatch"),
    "learning_rate": Setting(1e-4, 0, 1, False, "Adam's step size", positive=True),
    "adversary_learning_rate": Setting(
        None,
        0,
        1,
        False,
        "step size of an adversary or discriminator; by default learning_rate",
        True,
    ),
    "learning_rate_decay": Setting(
        0.0, 0, 1, False, "share of every learning rate that a cosine takes away by the last step"
    ),
    "lambda_initial": Setting(1.0, 0, INFINITY, False, "lambda of the first epoch", positive=True),
    "lambda_growth": Setting(
        1.0, 0, INFINITY, False, "the papers' l: lambda is multiplied by it after every epoch", True
    ),
    "lambda_max": Setting(None, 0, INFINITY, False, "cap on lambda; none by default", True),
    "adversary_steps": Setting(
        1, 1, INFINITY, True, "maximisation steps per minimisation step, on the same minibatch"
    ),
    "least_kl": Setting(
        0.0, 0, INFINITY, False, "nats that a latent must carry, else its code is given as 0"
    ),
    "evaluate_every": Setting(
        1, 1, INFINITY, True, "epochs between evaluations; the last epoch is always evaluated"
    ),
    "weight_decay": Setting(0.0, 0, INFINITY, False, "Adam's decoupled weight decay (AdamW)"),
    "gradient_clip": Setting(None, 0, INFINITY, False, "largest gradient norm of an update", True),
}

ARCHITECTURE_SETTINGS: Mapping[str, Setting] = {
    "latent_dims": Setting(3, 1, INFINITY, True, "dimensions of Z"),
    "z1_dims": Setting(1, 0, INFINITY, True, "dimensions of Z1, the last of Z"),
    "hidden_width": Setting(256, 1, INFINITY, True, "neurons of a hidden dense layer"),
    "channels": Setting(32, 1, INFINITY, True, "channels of the first convolution"),
    "dense_relu": Setting(0, 0, 1, True, "1 for a ReLU after the encoder's dense layer"),
    "filters": Setting(12, 1, INFINITY, True, "filters of a convolution over a string"),
    "encoder_width": Setting(12, 1, INFINITY, True, "width of the GRU that reads a string"),
    "gru_width": Setting(256, 1, INFINITY, True, "width of the GRUs that write a string"),
    "gru_layers": Setting(3, 1, INFINITY, True, "GRUs that write a string, one upon another"),
    "discriminator_width": Setting(
        1000, 1, INFINITY, True, "neurons of a layer of the discriminator"
    ),
    "discriminator_layers": Setting(6, 1, INFINITY, True, "hidden layers of the discriminator"),
    "hidden_layers": Setting(2, 0, INFINITY, True, "hidden layers of each network"),
}


def settings_of(design: Design) -> dict[str, Setting]:
    """Every setting that trials of ``design`` understand, by name, with their defaults."""
    known = dict(TRAINING_SETTINGS)
    model = design.model
    for name, default in design.architecture.items():
        base = ARCHITECTURE_SETTINGS.get(name)
        known[name] = Setting(
            default,
            base.low if base else -INFINITY,
            base.high if base else INFINITY,
            isinstance(default, int),
            base.help if base else f"{model.__name__}'s {name}",
        )
    for name, value in model.hyperparameters.items():
        known[name] = Setting(value, 0, INFINITY, False, f"{model.__name__}'s {name}")
    return known


def resolve_settings(
    design: Design, preset: Mapping[str, Any], given: Mapping[str, Any]
) -> Settings:
    """All numbers of a trial of ``design``: defaults, overruled by ``preset``, then by ``given``.

    A None switches off what is optional (a setting whose default is None). Resolving a result
    again gives the same.

    Raises:
        UserError: an unknown name, a value of the wrong kind or out of bounds, or a split that
            leaves Z0 or Z1 without a dimension.
    """
    known = settings_of(design)
    defaults = {name: setting.default for name, setting in known.items()}
    resolved: Settings = {}
    for name, value in {**defaults, **preset, **given}.items():
        if name not in known:
            raise UserError(
                f"{design.model.__name__} has no setting '{name}'{nearest(name, known)}"
            )
        if value is not None or known[name].default is not None:
            resolved[name] = checked_value(name, known[name], value)
    _check_split(design, resolved)
    return resolved


def checked_value(name: str, setting: Setting, value: Any) -> float | int:
    """``value`` as the kind of number that ``setting`` wants.

    Raises:
        UserError: it isn't such a number or is out of bounds.
    """
    kind = "a whole number" if setting.integer else "a number"
    if isinstance(value, str):
        hint = "; write 1.0e-4, not 1e-4, which YAML reads as text" if "e" in value else ""
        raise UserError(f"setting '{name}' must be {kind}, not the text '{value}'{hint}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"setting '{name}' must be {kind}, not {value}")
    if setting.integer and value != int(value):
        raise UserError(f"setting '{name}' must be a whole number, not {value}")
    if value < setting.low or (setting.positive and value == setting.low):
        relation = "greater than" if setting.positive else "at least"
        raise UserError(f"setting '{name}' must be {relation} {setting.low}, not {value}")
    if value > setting.high:
        raise UserError(f"setting '{name}' must be at most {setting.high}, not {value}")
    return int(value) if setting.integer else float(value)


def _check_split(design: Design, settings: Settings) -> None:
    if {"z1_dims", "latent_dims"} <= design.architecture.keys():
        z1, latents = settings["z1_dims"], settings["latent_dims"]
        if not 1 <= z1 < latents:
            raise UserError(
                f"z1_dims must be at least 1 and smaller than latent_dims, so that Z0 and Z1 both "
                f"have a dimension, but z1_dims is {z1} and latent_dims is {latents}"
            )
