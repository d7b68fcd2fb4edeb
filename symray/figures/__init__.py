"""Matplotlib figures of models: plain arrays in, a :class:`matplotlib.figure.Figure` out."""

from symray.figures.activation import mean_activations
from symray.figures.files import save
from symray.figures.latent import latent_space
from symray.figures.maps import grid_maps
from symray.figures.reconstruction import reconstruction_x, reconstruction_y
from symray.figures.synergy import synergy_curves
from symray.figures.traversal import image_reconstructions, save_traversal_gif, traversal

__all__ = [
    "grid_maps",
    "image_reconstructions",
    "latent_space",
    "mean_activations",
    "reconstruction_x",
    "reconstruction_y",
    "save",
    "save_traversal_gif",
    "synergy_curves",
    "traversal",
]
