"""The models of the STIB paper, and what a model is."""

from symray.models.base import Model, Phase
from symray.models.conditional import CVAE, CVIB
from symray.models.stib import STIB, STIBWithoutAdversary
from symray.models.vae import VAE

__all__ = ["CVAE", "CVIB", "STIB", "VAE", "Model", "Phase", "STIBWithoutAdversary"]
