"""Numbers that were published for models that symray trains, as lines to compare with."""

from collections.abc import Mapping

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
}
"""By data set, model and metric: the STIB paper (Wieser et al., NeurIPS 2020), one run each.

Its mutual information of the VAE is that of the whole Z, as symray's is. It doesn't say whether its
accuracy on ZINC is one of symbols or of whole strings; here it stands beside that of symbols.
"""
