"""Matplotlib figures of models: plain arrays in, a :class:`matplotlib.figure.Figure` out."""

from symray.figures import _cache as _cache  # before Matplotlib is imported
from symray.figures.activation import mean_activations
from symray.figures.consistency import self_consistency
from symray.figures.files import save
from symray.figures.latent import latent_space
from symray.figures.maps import grid_maps
from symray.figures.properties import predicted_properties
from symray.figures.reconstruction import reconstruction_x, reconstruction_y
from symray.figures.selection import model_selection
from symray.figures.synergy import synergy_curves
from symray.figures.traversal import image_reconstructions, save_traversal_gif, traversal

__all__ = [
    "grid_maps",
    "image_reconstructions",
    "latent_space",
    "mean_activations",
    "model_selection",
    "predicted_properties",
    "reconstruction_x",
    "reconstruction_y",
    "save",
    "save_traversal_gif",
    "self_consistency",
    "synergy_curves",
    "traversal",
]
