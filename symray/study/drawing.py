"""Figures of a trained task: latent space and reconstructions (STIB appendix, Figures 1, 2)."""

from pathlib import Path

import torch

from symray.figures import latent_space, reconstruction_x, reconstruction_y, save
from symray.study.molecule_drawing import draw_molecules
from symray.study.task import Task
from symray.study.worker import load_trained
from symray.training.encoded import Encoded


def draw_figures(task: Task) -> Path:
    """Draw the figures of the task's last checkpoint into its folder, once.

    Returns:
        The folder of the figures.
    """
    whole = Path(task.folder) / "figures"
    if whole.exists():
        return whole
    folder = whole.with_name(".figures")
    trainer = load_trained(task)
    model, split = trainer.model.eval(), trainer.data.split("validation")
    with torch.inference_mode():
        encoded = Encoded(model, trainer.data, split, seed=0)
        if trainer.data.form.x == "strings":
            draw_molecules(task, trainer, encoded, folder)
            return folder.rename(whole)
        x, x_hat = map(trainer.data.units.x.outside, (encoded.x, encoded.x_hat))
        save(
            reconstruction_x(x, x_hat, split.colour),
            folder / "reconstruction_x.png",
        )
        if model.predicts_y:
            y_hat = encoded.predict(encoded.mean)
            save(
                reconstruction_y(encoded.y.numpy(), y_hat.numpy(), split.colour),
                folder / "reconstruction_y.png",
            )
        z1 = encoded.mean[:, model.z1_mask.cpu().bool()]
        save(
            latent_space(encoded.z0.numpy(), z1.numpy(), split.colour),
            folder / "latent_space.png",
        )
    return folder.rename(whole)
