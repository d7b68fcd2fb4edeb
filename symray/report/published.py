"""Numbers that were published for models that symray trains, as lines to compare with."""

from collections.abc import Mapping

_DSPRITES = {
    "factor_vae": {
        "factor_vae_metric": 0.83,
        "dci": 0.70,
        "mig": 0.40,
        "beta_vae_metric": 0.83,
    },
    "beta_vae, beta 1": {"factor_vae_metric": 0.63, "dci": 0.30, "mig": 0.10},
}

PUBLISHED: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "artificial": {
        "vae": {"x_mae": 0.21, "y_mae": 0.49, "mi_z0_y_paper": 3.89},
        "stib_no_adversary": {"x_mae": 0.01, "y_mae": 0.65, "mi_z0_y_paper": 3.19},
        "cvae": {"x_mae": 0.33, "mi_z0_y_paper": 2.57},
        "cvib": {"x_mae": 0.67, "mi_z0_y_paper": 2.45},
        "stib": {"x_mae": 0.04, "y_mae": 0.47, "mi_z0_y_paper": 0.25},
    },
    "zinc": {
        "vae": {"x_accuracy": 0.98, "mae_qed": 0.05, "mi_z0_y_paper": 0.80},
        "stib_no_adversary": {"x_accuracy": 0.98, "mae_qed": 0.05, "mi_z0_y_paper": 0.24},
        "cvae": {"x_accuracy": 0.98, "mi_z0_y_paper": 0.28},
        "cvib": {"x_accuracy": 0.94, "mi_z0_y_paper": 0.29},
        "stib": {"x_accuracy": 0.98, "mae_qed": 0.05, "mi_z0_y_paper": 0.07},
    },
    "dsprites": _DSPRITES,
    "dsprites_published": _DSPRITES,
}
"""By data set, model and metric, see :data:`SOURCES`.

The STIB paper's mutual information of the VAE is that of the whole Z, as symray's is. It doesn't
say whether its accuracy on ZINC is one of symbols or of whole strings; here it stands beside that
of symbols. Nothing was ever published for Non-Syn VAE.
"""

_OF_DSPRITES = "FactorVAE with gamma 10 and the VAE on dSprites, means of 10 runs of 311,000 steps"
SOURCES: Mapping[str, str] = {
    "artificial": "the STIB paper's table; one run each, settings chosen on test data",
    "zinc": "the STIB paper's Table 1, one run each",
    "dsprites": _OF_DSPRITES,
    "dsprites_published": _OF_DSPRITES,
}
"""Whose figures those of a data set are."""
