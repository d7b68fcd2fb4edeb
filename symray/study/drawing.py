"""Figures of a trained task, by the kind of its data."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from symray.data.base import XKind
from symray.data.dsprites import spread
from symray.data.factors import DSPRITES
from symray.data.image_set import ImageSet
from symray.data.sprites import render
from symray.figures import (
    image_reconstructions,
    latent_space,
    mean_activations,
    reconstruction_x,
    reconstruction_y,
    save,
    synergy_curves,
)
from symray.metrics.disentanglement import active_latents
from symray.study.curves import curve_of, title_of
from symray.study.task import Task
from symray.study.worker import load_trained
from symray.training.encoded import Encoded
from symray.training.pictures import pixels, rebuild, save_traversal
from symray.training.trainer import Trainer

REBUILT = 12


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
        encoded = Encoded(trainer.model, trainer.data, trainer.data.split("validation"), seed=0)
        draw = _DRAW.get(trainer.data.form.x)
        if draw is not None:
            draw(trainer, encoded, folder)
    curve = curve_of(Path(task.folder))
    if curve is not None:
        save(synergy_curves({title_of(task.spec["model"]): curve}), folder / "synergy.png")
    return folder.rename(whole)


def _vectors(trainer: Trainer, encoded: Encoded, folder: Path) -> None:
    """Latent space and reconstructions (STIB appendix, Figures 1, 2)."""
    model, colour = trainer.model, trainer.data.split("validation").colour
    x, x_hat = map(trainer.data.units.x.outside, (encoded.x, encoded.x_hat))
    save(reconstruction_x(x, x_hat, colour), folder / "reconstruction_x.png")
    if model.predicts_y:
        y_hat = encoded.predict(encoded.mean)
        figure = reconstruction_y(encoded.y.numpy(), y_hat.numpy(), colour)
        save(figure, folder / "reconstruction_y.png")
    z1 = encoded.mean[:, model.z1_mask.cpu().bool()]
    save(latent_space(encoded.z0.numpy(), z1.numpy(), colour), folder / "latent_space.png")


def _images(trainer: Trainer, encoded: Encoded, folder: Path) -> None:
    """Traversals of an image, reconstructions, mean activations (Non-Syn VAE, Figure 2)."""
    model, units = trainer.model, pixels(trainer.data.units.x)
    some = encoded.x[:: max(1, len(encoded.x) // REBUILT)][:REBUILT]
    save(image_reconstructions(*rebuild(model, units, some)), folder / "reconstructions.png")
    for name in ("traversal.png", "traversal.gif"):
        save_traversal(model, units, encoded.mean[len(encoded.mean) // 2], folder / name)
    if isinstance(trainer.data, ImageSet) and trainer.data.steps is not None:
        index = spread(trainer.data.steps)
        codes = encoded.encode(torch.from_numpy(render(index))).numpy()
        figure = mean_activations(
            codes, DSPRITES.classes(index), DSPRITES.sizes, active_latents(codes)
        )
        save(figure, folder / "mean_activations.png")


_DRAW: Mapping[XKind, Callable[[Trainer, Encoded, Path], None]] = {
    "vectors": _vectors,
    "images": _images,
}
