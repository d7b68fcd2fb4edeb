"""What a downloaded model is, in plain data; nothing of it is run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symray.training.bundle import understanding, verify_bundle


@dataclass(frozen=True)
class ModelCard:
    """A downloaded model.

    Attributes:
        model: a built-in model's name, or ``package.module:Class`` of somebody's own.
        data: name of the data set it was trained on.
        epoch: epochs it was trained for.
        x_shape: of one X as networks see it.
        y_dims: width of Y.
        symray: the version that wrote it.
        settings: all numbers it was trained with.
        metrics: by split and name, None where one wasn't finite.
        code: fingerprint of the code that an own model needs; None for a built-in one.
        molecules: whether X are molecules.
    """

    model: str
    data: str
    epoch: int
    x_shape: tuple[int, ...]
    y_dims: int
    symray: str
    settings: dict[str, Any]
    metrics: dict[str, float | None]
    code: str | None
    molecules: bool = False


def read_card(folder: Path) -> ModelCard:
    """The card of the model in ``folder``.

    Raises:
        UserError: a file is missing or damaged.
    """
    verify_bundle(folder)
    with understanding(folder):
        return _card(folder)


def _card(folder: Path) -> ModelCard:
    config = json.loads((folder / "config.json").read_text())
    return ModelCard(
        model=config["trial"]["model"],
        data=config["data"]["name"],
        epoch=config["epoch"],
        x_shape=tuple(config["x_shape"]),
        y_dims=config["y_dims"],
        symray=config["symray"]["version"],
        settings=config["trial"]["settings"],
        metrics=json.loads((folder / "metrics.json").read_text()),
        code=config["code"],
        molecules=config["units"]["x"]["kind"] == "symbols",
    )
