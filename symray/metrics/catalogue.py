"""Names of the metrics that a study can optimise, constrain and compare."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Metric:
    """What a metric means.

    Attributes:
        direction: which way is better.
        summary: one line for help and tables.
        needs_y: only models that predict Y have it.
        x: only data with this kind of X, or one of these, have it; None for all.
        y: only data whose Y are ``targets``, or ``factors``, have it; None for all.
        invariance: measures what Z0 knows of Y; trivially good for an untrained encoder, so it is
            an objective only under constraints, and never what prunes.
        cheap: evaluated after every epoch even when no study asks for it.
        costly: evaluated only where a study names it, and never before a training's last epoch.
        rebuilds: measures the reconstruction of X, or the prediction of Y; a bound on such a metric
            is what keeps an invariance from being empty.
    """

    direction: Direction
    summary: str
    needs_y: bool = False
    x: str | tuple[str, ...] | None = None
    y: Literal["targets", "factors"] | None = None
    invariance: bool = False
    cheap: bool = False
    costly: bool = False
    rebuilds: Literal["x", "y"] | None = None


OF_TARGET = "mae_"
"""Before the name of a target of Y, a metric of its own."""

_OF_TARGET = Metric(
    "minimize", "MAE of that target in its unit", True, y="targets", cheap=True, rebuilds="y"
)


class Catalogue(Mapping[str, Metric]):
    """Metrics by name; besides those that it lists, it knows ``mae_NAME`` of any target.

    Which targets there are, a data set's form says, see
    :func:`symray.training.evaluation.metric_names`.
    """

    def __init__(self, listed: Mapping[str, Metric]) -> None:
        self._listed = dict(listed)

    def __getitem__(self, name: str) -> Metric:
        # what ends in _sd is a spread over seeds
        if name.startswith(OF_TARGET) and not name.endswith("_sd"):
            return _OF_TARGET
        return self._listed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that are metrics, in the order in which tables have them."""
        wanted = list(dict.fromkeys(names))
        listed = [name for name in self._listed if name in wanted]
        own = sorted(name for name in wanted if name not in self._listed and name in self)
        after = next((i for i, name in enumerate(listed, 1) if name == "y_mae"), 0)
        return [*listed[:after], *own, *listed[after:]]


_LISTED: Mapping[str, Metric] = {
    "x_mae": Metric(
        "minimize", "MAE of X, summed over dimensions", x="vectors", cheap=True, rebuilds="x"
    ),
    "x_accuracy": Metric(
        "maximize",
        "share of a string's symbols that the reconstruction has in their places",
        x="strings",
        cheap=True,
        rebuilds="x",
    ),
    "x_exact": Metric(
        "maximize",
        "share of strings reconstructed exactly",
        x="strings",
        cheap=True,
        rebuilds="x",
    ),
    "x_canonical": Metric(
        "maximize",
        "share of reconstructions that are the same molecule",
        x="strings",
        rebuilds="x",
    ),
    "x_valid": Metric("maximize", "share of reconstructions that are molecules", x="strings"),
    "x_nats": Metric(
        "minimize",
        "cross-entropy of X in nats, summed over pixels or positions",
        x=("images", "strings"),
        cheap=True,
        rebuilds="x",
    ),
    "y_mae": Metric(
        "minimize",
        "MAE of Y, summed over dimensions; in standard deviations where these have own units",
        needs_y=True,
        y="targets",
        cheap=True,
        rebuilds="y",
    ),
    "kl_z0": Metric("maximize", "KL(q(z0|x) || p) in nats: what Z0 carries", cheap=True),
    "kl_z1": Metric("maximize", "KL(q(z1|x) || p) in nats: what Z1 carries", cheap=True),
    "z0_gain": Metric(
        "maximize", "rise of X's error when Z0 is resampled: what reconstruction owes to Z0"
    ),
    "y_shift": Metric(
        "minimize",
        "how far the Y predicted from the decoded X moves when only Z0 is resampled",
        needs_y=True,
        y="targets",
        invariance=True,
    ),
    "mi_z0_y": Metric(
        "minimize",
        "Kraskov MI(Z0; Y) in bits, k = 3, standardised",
        y="targets",
        invariance=True,
    ),
    "mi_z0_y_sampled": Metric(
        "minimize",
        "mi_z0_y of codes drawn from q(z0|x): means that the posterior's spread drowns don't count",
        y="targets",
        invariance=True,
    ),
    "mi_z0_y_k20": Metric(
        "minimize",
        "Kraskov MI(Z0; Y) in bits, k = 20, standardised",
        y="targets",
        invariance=True,
    ),
    "mi_z0_y_paper": Metric(
        "minimize",
        "as the papers publish it: Kraskov MI, k = 20, not standardised",
        y="targets",
        invariance=True,
    ),
    "mi_z0_y_floor": Metric("minimize", "mi_z0_y with Y shuffled, mean over shuffles", y="targets"),
    "mi_z0_y_floor_sd": Metric("minimize", "its standard deviation over shuffles", y="targets"),
    "mi_z0_y_gaussian": Metric(
        "minimize", "Gaussian (CCA) MI(Z0; Y) in bits", y="targets", invariance=True
    ),
    "mi_z0_y_neural": Metric(
        "minimize",
        "lower bound on MI(Z0; Y) in bits by a learned density of Y, scored on held-out points",
        y="targets",
        invariance=True,
        costly=True,
    ),
    "mi_z0_y_neural_error": Metric(
        "minimize", "standard error of mi_z0_y_neural", y="targets", costly=True
    ),
    "mi_z0_y_neural_floor": Metric(
        "minimize", "mi_z0_y_neural with Y shuffled", y="targets", costly=True
    ),
    "probe_linear_r2": Metric(
        "minimize", "held-out R^2 of a linear probe of Y from Z0", y="targets", invariance=True
    ),
    "probe_linear_mae": Metric(
        "maximize",
        "held-out MAE of the linear probe, summed over dimensions",
        y="targets",
        invariance=True,
    ),
    "probe_r2": Metric(
        "minimize",
        "held-out R^2 of a nonlinear probe of Y from Z0",
        y="targets",
        invariance=True,
    ),
    "probe_mae": Metric(
        "maximize",
        "held-out MAE of the nonlinear probe, summed over dimensions",
        y="targets",
        invariance=True,
    ),
    "probe_median_mae": Metric(
        "maximize", "MAE of the median of Y: what no probe need beat", y="targets"
    ),
    "active_latents": Metric(
        "maximize", "latents whose means vary by more than .01", x="images", cheap=True
    ),
    "synergy": Metric(
        "minimize",
        "KL of the latents that Non-Syn VAE's greedy policy leaves out (omega .9), in nats",
        x="images",
        cheap=True,
    ),
    "factor_vae_metric": Metric("maximize", "FactorVAE metric (Kim & Mnih 2018)", y="factors"),
    "beta_vae_metric": Metric("maximize", "beta-VAE metric (Higgins et al. 2017)", y="factors"),
    "mig": Metric("maximize", "mutual information gap (Chen et al. 2018)", y="factors"),
    "dci": Metric("maximize", "DCI disentanglement (Eastwood & Williams 2018)", y="factors"),
    "dci_completeness": Metric("maximize", "DCI completeness", y="factors"),
    "dci_informativeness": Metric("maximize", "DCI informativeness", y="factors"),
    "sap_svm": Metric("maximize", "SAP of linear SVMs (Kumar et al. 2018)", y="factors"),
    "sap_r2": Metric("maximize", "SAP of squared correlations", y="factors"),
    "modularity": Metric("maximize", "modularity (Ridgeway & Mozer 2018)", y="factors"),
}

METRICS = Catalogue(_LISTED)
