"""Figures of a model of molecules: reconstructed and generated ones, properties, latent space."""

from pathlib import Path

import numpy as np

from symray.chem import molecule_grid
from symray.errors import UserError
from symray.figures import latent_space, predicted_properties, save, self_consistency
from symray.record.task_folder import last_line
from symray.tasks.task import Task
from symray.training.code_distribution import CodeDistribution
from symray.training.encoded import Encoded
from symray.training.generation import Generated, generate, targets_of
from symray.training.loaded import LoadedModel
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

COLUMNS = 6
"""Molecules of a row of a figure."""

SHOWN = 12
"""Molecules of the validation split that are drawn beside their reconstructions."""

PER_TARGET = 100
"""Molecules that are generated for each fixed value of the first target."""

LEGEND = 26
"""Characters of SMILES below a molecule."""

QUANTILES = (0.1, 0.5, 0.9)
"""Of the validation split: the fixed values."""


def draw_molecules(task: Task, trainer: Trainer, encoded: Encoded, folder: Path) -> None:
    """Draw all figures that the model of ``task`` has into ``folder``."""
    data, model = trainer.data, trainer.model
    # a column may stand in several units: one of them is drawn
    targets = list({t.column: t for t in reversed(data.form.targets)}.values())[::-1]
    labels = [f"{t.name} ({t.unit})" if t.unit else t.name for t in targets]
    given = data.transforms.x.outside(encoded.x[:SHOWN])
    rebuilt = data.transforms.x.outside(encoded.x_hat[:SHOWN])
    exact = (encoded.x == encoded.x_hat).all(1).tolist()
    pairs = [one for pair in zip(given, rebuilt, strict=True) for one in pair]
    legends = [
        text
        for row, same in enumerate(exact[:SHOWN])
        for text in (_short(given[row]), f"-> {'the same' if same else _short(rebuilt[row])}")
    ]
    molecule_grid(pairs, legends, folder / "reconstruction_x.png", columns=6)
    colour = data.split("validation").colour * (targets[0].factor if targets else 1)
    z1 = encoded.mean[:, model.z1_mask.cpu().bool()]
    label = labels[0] if labels else "nothing"
    save(latent_space(encoded.z0.numpy(), z1.numpy(), colour, label), folder / "latent_space.png")
    if not (model.predicts_y and targets):
        return
    loaded = LoadedModel(
        model.cpu().eval(),
        TrialSpec.from_json(task.spec),
        data.transforms,
        {f"validation/{k}": v for k, v in last_line(Path(task.folder))["values"].items()},
        CodeDistribution.measured(encoded),
        encoded.used.cpu(),
    )
    y, y_hat = (
        np.stack([data.transforms.y.outside(v)[:, t.column] * t.factor for t in targets], 1)
        for v in (data.split("validation").y, model.predict(encoded.mean))
    )
    save(predicted_properties(y, y_hat, labels), folder / "predicted_properties.png")
    name = targets[0].name
    fixed = [float(value) for value in np.quantile(y[:, 0], QUANTILES)]
    try:
        made = [generate(loaded, {name: value}, PER_TARGET) for value in fixed]
    except UserError:
        return  # it doesn't split Z
    draw_generated(loaded, made, name, folder / "generated.png")
    draw_consistency(loaded, made, name, folder / "self_consistency.png")


def draw_generated(model: LoadedModel, made: list[Generated], name: str, path: Path) -> None:
    """A row of different molecules for each value, with what the model predicts of them."""
    cells: list[str | None] = []
    legends: list[str] = []
    for one in made:
        found: dict[str, float] = {}
        predicted = one.predicted.get(name, np.full(len(one.smiles), np.nan))
        for smiles, value in zip(one.smiles, predicted, strict=True):
            if smiles and (np.isfinite(value) or not one.predicted):
                found.setdefault(smiles, float(value))
        row = list(found.items())[:COLUMNS]
        row += [("", float("nan"))] * (COLUMNS - len(row))
        cells += [smiles for smiles, _ in row]
        wanted = f"fixed {one.wanted[name]:.3g}"
        legends += [_legend(wanted, smiles, value, len(one.smiles)) for smiles, value in row]
    molecule_grid(cells, legends, path, columns=COLUMNS)


def _legend(wanted: str, smiles: str, predicted: float, count: int) -> str:
    if not smiles:
        return f"{wanted}: no more in {count}"
    return f"{wanted}, predicted {predicted:.3g}" if np.isfinite(predicted) else wanted


def draw_consistency(model: LoadedModel, made: list[Generated], name: str, path: Path) -> None:
    """The box plot of the predictions, with the band of the model's error."""
    target = targets_of(model)[name]
    label = f"{name} in {target.unit}" if target.unit else name
    values = [one.predicted[name][np.isfinite(one.predicted[name])] for one in made]
    fixed = [one.wanted[name] for one in made]
    save(self_consistency(fixed, values, model_error(model, name), label), path)


def model_error(model: LoadedModel, name: str) -> float | None:
    """The MAE of the target, on the test split where it was evaluated there."""
    keys = (f"test/mae_{name}/mean", f"validation/mae_{name}")
    return next((v for key in keys if (v := model.metrics.get(key)) is not None), None)


def _short(smiles: str | None) -> str:
    """``smiles`` as a cell of a figure has room for it."""
    text = smiles or "no string"
    return text if len(text) <= LEGEND else f"{text[: LEGEND - 3]}..."
