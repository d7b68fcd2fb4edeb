"""The models of the papers, and what a model is."""

from symray.models.base import Model, Phase
from symray.models.beta_vae import BetaVAE
from symray.models.conditional import CVAE, CVIB
from symray.models.factor_vae import FactorVAE
from symray.models.foreign import load_foreign
from symray.models.non_syn import NonSynVAE
from symray.models.stib import STIB, STIBWithoutAdversary
from symray.models.vae import VAE

__all__ = [
    "CVAE",
    "CVIB",
    "STIB",
    "VAE",
    "BetaVAE",
    "FactorVAE",
    "Model",
    "NonSynVAE",
    "Phase",
    "STIBWithoutAdversary",
    "load_foreign",
]
