"""Figures of a model of images: traversals, reconstructions, mean activations."""

from pathlib import Path

import torch

from symray.data.dsprites import spread
from symray.data.factors import DSPRITES
from symray.data.image_set import ImageSet
from symray.data.sprites import render
from symray.figures import image_reconstructions, mean_activations, save
from symray.metrics.disentanglement import active_latents
from symray.tasks.task import Task
from symray.training.encoded import Encoded
from symray.training.pictures import pixels, rebuild, save_traversal
from symray.training.trainer import Trainer

REBUILT = 12
"""Images of the validation split that are drawn beside their reconstructions."""


def draw_images(task: Task, trainer: Trainer, encoded: Encoded, folder: Path) -> None:
    """Draw all figures that the model of ``task`` has into ``folder`` (Non-Syn VAE, Figure 2)."""
    model, transform = trainer.model, pixels(trainer.data.transforms.x)
    every = slice(0, None, max(1, len(encoded.x) // REBUILT))
    some, means = encoded.x[every][:REBUILT], encoded.mean[every][:REBUILT]
    rebuilt = rebuild(model, transform, some, means)
    save(image_reconstructions(*rebuilt), folder / "reconstructions.png")
    for name in ("traversal.png", "traversal.gif"):
        save_traversal(model, transform, encoded.mean[len(encoded.mean) // 2], folder / name)
    if isinstance(trainer.data, ImageSet) and trainer.data.steps is not None:
        index = spread(trainer.data.steps)
        codes = encoded.encode(torch.from_numpy(render(index))).numpy()
        figure = mean_activations(
            codes, DSPRITES.classes(index), DSPRITES.sizes, active_latents(codes)
        )
        save(figure, folder / "mean_activations.png")
