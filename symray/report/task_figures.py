"""Figures of a trained task, by the kind of its data."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from symray.data.base import XKind
from symray.figures import (
    latent_space,
    reconstruction_x,
    reconstruction_y,
    save,
    synergy_curves,
)
from symray.report.image_figures import draw_images
from symray.report.molecule_figures import draw_molecules
from symray.report.synergy import curve_of, title_of
from symray.tasks.task import Task
from symray.tasks.worker import load_trained
from symray.training.encoded import Encoded
from symray.training.trainer import Trainer


def draw_figures(task: Task) -> Path:
    """Draw the figures of the task's last checkpoint into its folder, once.

    Returns:
        The folder of the figures.
    """
    whole = Path(task.folder) / "figures"
    if whole.exists():
        return whole
    folder = whole.with_name(".figures")
    folder.mkdir(exist_ok=True)
    trainer = load_trained(task)
    trainer.model.eval()
    with torch.inference_mode():
        encoded = trainer.encode()
        _DRAW[trainer.data.form.x](task, trainer, encoded, folder)
    curve = curve_of(Path(task.folder))
    if curve is not None:
        save(synergy_curves({title_of(task.spec["model"]): curve}), folder / "synergy.png")
    return folder.rename(whole)


def _draw_vectors(task: Task, trainer: Trainer, encoded: Encoded, folder: Path) -> None:
    """Latent space and reconstructions (STIB appendix, Figures 1, 2)."""
    model, colour = trainer.model, trainer.data.split("validation").colour
    x, x_hat = map(trainer.data.transforms.x.outside, (encoded.x, encoded.x_hat))
    save(reconstruction_x(x, x_hat, colour), folder / "reconstruction_x.png")
    if model.predicts_y:
        y_hat = encoded.predict(encoded.mean)
        figure = reconstruction_y(encoded.y.numpy(), y_hat.numpy(), colour)
        save(figure, folder / "reconstruction_y.png")
    z1 = encoded.mean[:, model.z1_mask.cpu().bool()]
    save(latent_space(encoded.z0.numpy(), z1.numpy(), colour), folder / "latent_space.png")


_DRAW: Mapping[XKind, Callable[[Task, Trainer, Encoded, Path], None]] = {
    "vectors": _draw_vectors,
    "images": draw_images,
    "strings": draw_molecules,
}
