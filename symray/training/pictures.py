"""What a model of images draws: its reconstructions, and what each latent does."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from symray.data.transforms import Pixels, XTransform
from symray.errors import UserError
from symray.figures import save, save_traversal_gif, traversal
from symray.figures.points import Array
from symray.models.base import Model

STILL = np.linspace(-3, 3, 11)
MOVING = np.linspace(-3, 3, 25)
"""Values of a traversed latent, in a picture and in an animation."""


def pixels(transform: XTransform) -> Pixels:
    """``units`` as those of images.

    Raises:
        UserError: they are of something else.
    """
    if not isinstance(transform, Pixels):
        raise UserError("this model was not trained on images, so there are none to draw")
    return transform


@torch.inference_mode()
def traverse(model: Model, transform: Pixels, code: Tensor, values: Sequence[float]) -> Array:
    """Images of ``code`` (Z,) with one latent at a time set to each of ``values``.

    Returns:
        (Z, S, height, width): the probability that a pixel is white.
    """
    latents, steps = len(code), len(values)
    codes = code.to(model.z1_mask.device).repeat(latents, steps, 1)
    for latent in range(latents):
        codes[latent, :, latent] = torch.tensor(values, device=codes.device)
    shades = transform.shades(model.decode(codes.view(-1, latents)))
    return shades.reshape(latents, steps, transform.height, transform.width)


def save_traversal(model: Model, transform: Pixels, code: Tensor, path: Path) -> None:
    """Draw what each latent does to ``code`` (Z,): an animation where ``path`` ends in .gif."""
    if path.suffix == ".gif":
        save_traversal_gif(traverse(model, transform, code, MOVING.tolist()), MOVING, path)
    else:
        save(traversal(traverse(model, transform, code, STILL.tolist()), STILL), path)


@torch.inference_mode()
def rebuild(model: Model, transform: Pixels, stored: Tensor, codes: Tensor) -> tuple[Array, Array]:
    """Images (N, height, width) as stored, and as rebuilt from their mean ``codes`` (N, Z)."""
    x = transform.expand(stored)
    shades = transform.shades(model.decode(codes.to(model.z1_mask.device)))
    return x[:, 0].cpu().numpy(), shades
