"""Matplotlib figures of models: plain arrays in, a :class:`matplotlib.figure.Figure` out."""

from symray.figures.files import save
from symray.figures.latent import latent_space
from symray.figures.reconstruction import reconstruction_x, reconstruction_y

__all__ = ["latent_space", "reconstruction_x", "reconstruction_y", "save"]
