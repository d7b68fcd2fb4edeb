"""How well single latents stand for single factors: metrics of the mean codes of known images.

Every metric takes the codes (N, d) of a finite set with known factors (N, f) and draws its samples
from it, with its own seed: from a full grid that is exact sampling, from a subset it draws among
the images present.
"""

from symray.metrics.disentanglement.activity import active_latents
from symray.metrics.disentanglement.beta_vae import beta_vae_metric
from symray.metrics.disentanglement.dci import DCI, dci
from symray.metrics.disentanglement.factor_vae import factor_vae_metric
from symray.metrics.disentanglement.information import mig, modularity
from symray.metrics.disentanglement.sap import sap_r2, sap_svm
from symray.metrics.disentanglement.udr import udr

__all__ = [
    "DCI",
    "active_latents",
    "beta_vae_metric",
    "dci",
    "factor_vae_metric",
    "mig",
    "modularity",
    "sap_r2",
    "sap_svm",
    "udr",
]
