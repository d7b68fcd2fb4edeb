"""The catalogue's metrics of a model on a held-out split."""

from collections.abc import Callable, Collection, Mapping

import torch

from symray.data.base import DataSet, Split
from symray.errors import UserError, nearest
from symray.metrics import METRICS, OF_TARGET, Metric, gaussian_mi, mae
from symray.metrics.disentanglement import (
    active_latents,
    beta_vae_metric,
    factor_vae_metric,
    mig,
    modularity,
    sap_r2,
    sap_svm,
)
from symray.metrics.synergy import OMEGA, synergy_term
from symray.models.base import Model
from symray.models.design import Design
from symray.training.encoded import Encoded

CHEAP = frozenset(name for name, metric in METRICS.items() if metric.cheap)
"""What is evaluated after every epoch."""

_COMPUTE: Mapping[str, Callable[[Model, Encoded], float]] = {
    "x_mae": lambda m, e: e.x_error(),
    "x_accuracy": lambda m, e: e.strings.accuracy,
    "x_exact": lambda m, e: e.strings.exact,
    "x_canonical": lambda m, e: e.strings.canonical,
    "x_valid": lambda m, e: e.strings.valid,
    "x_nats": lambda m, e: e.x_error(),
    "y_mae": lambda m, e: mae(e.y, e.predict(e.mean)),
    "kl_z0": lambda m, e: e.kl(m.z0_mask),
    "kl_z1": lambda m, e: e.kl(m.z1_mask),
    "z0_gain": lambda m, e: e.z0_gain(),
    "y_shift": lambda m, e: e.y_shift(),
    "mi_z0_y": lambda m, e: e.mi(k=3),
    "mi_z0_y_sampled": lambda m, e: e.mi(k=3, sampled=True),
    "mi_z0_y_k20": lambda m, e: e.mi(k=20),
    "mi_z0_y_paper": lambda m, e: e.mi(k=20, standardize=False),
    "mi_z0_y_floor": lambda m, e: e.mi_floor[0],
    "mi_z0_y_floor_sd": lambda m, e: e.mi_floor[1],
    "mi_z0_y_gaussian": lambda m, e: gaussian_mi(e.z0, e.y),
    "mi_z0_y_neural": lambda m, e: e.neural_mi.value,
    "mi_z0_y_neural_error": lambda m, e: e.neural_mi.error,
    "mi_z0_y_neural_floor": lambda m, e: e.neural_mi_floor.value,
    "probe_linear_r2": lambda m, e: e.linear_probe.r2,
    "probe_linear_mae": lambda m, e: e.linear_probe.mae,
    "probe_r2": lambda m, e: e.nonlinear_probe.r2,
    "probe_mae": lambda m, e: e.nonlinear_probe.mae,
    "probe_median_mae": lambda m, e: e.linear_probe.median_mae,
    "active_latents": lambda m, e: float(active_latents(e.mean).sum()),
    "synergy": lambda m, e: float(synergy_term(e.mean, 2 * e.log_sd, OMEGA)),
    "factor_vae_metric": lambda m, e: factor_vae_metric(e.mean, e.factors),
    "beta_vae_metric": lambda m, e: beta_vae_metric(e.mean, e.factors),
    "mig": lambda m, e: mig(e.mean, e.factors),
    "dci": lambda m, e: e.dci.disentanglement,
    "dci_completeness": lambda m, e: e.dci.completeness,
    "dci_informativeness": lambda m, e: e.dci.informativeness,
    "sap_svm": lambda m, e: sap_svm(e.mean, e.factors),
    "sap_r2": lambda m, e: sap_r2(e.mean, e.factors),
    "modularity": lambda m, e: modularity(e.mean, e.factors),
}


def metric_names(design: Design, pretrains: bool = False) -> set[str]:
    """The metrics that a model on its kind of data has.

    Args:
        design: the model and the form of its data.
        pretrains: leave out what needs a prediction of Y, which a pretraining doesn't train.
    """
    own = {f"{OF_TARGET}{target.name}" for target in design.data.targets}
    has = {name for name in own.union(METRICS) if lacks(design, METRICS[name]) is None}
    return {name for name in has if METRICS[name].y is None} if pretrains else has


def rebuilding(design: Design, side: str) -> list[str]:
    """Those that measure the reconstruction of X or the prediction of Y, the usual one first."""
    own = metric_names(design)
    usual = [*(f"{OF_TARGET}{target.name}" for target in design.data.targets), *METRICS]
    return [name for name in usual if name in own and METRICS[name].rebuilds == side]


def usual_objective(design: Design) -> str:
    """What a study optimises that names nothing.

    A Kraskov figure says little in the many dimensions and few molecules of strings.
    """
    return "probe_r2" if design.data.x == "strings" else "mi_z0_y_sampled"


def lacks(design: Design, metric: Metric) -> str | None:
    """What ``metric`` needs and ``design`` hasn't, as the end of a sentence; None: nothing."""
    if metric.needs_y and not design.model.predicts_y:
        return "does not predict Y"
    kinds = (metric.x,) if isinstance(metric.x, str) else metric.x
    if kinds is not None and design.data.x not in kinds:
        return f"is trained on {design.data.x}, not {' or '.join(kinds)}"
    if metric.y not in (None, design.data.y):
        return f"is trained on data without {metric.y}"
    return None


def evaluate(
    model: Model,
    data: DataSet,
    split: Split,
    names: Collection[str],
    seed: int = 0,
    least_kl: float = 0.0,
) -> dict[str, float]:
    """The metrics ``names`` of the means of q(z|x), in the data's own units.

    Args:
        model: in evaluation mode for the time of the call.
        data: what the model is trained on.
        split: held-out points of it.
        names: of the catalogue; only what they need is computed.
        seed: of permutations and probes; torch's and the trial's generators are never touched.
        least_kl: nats that a latent must carry to have a code, see :class:`Encoded`.

    Returns:
        The values by name, in the catalogue's order; all NaN where a code isn't finite.

    Raises:
        UserError: a name that this model doesn't have.
    """
    known = metric_names(Design(type(model), data.form))
    for name in names:
        if name not in known:
            raise UserError(f"{type(model).__name__} has no metric '{name}'{nearest(name, known)}")
    was_training = model.training
    try:
        model.eval()
        with torch.inference_mode():
            encoded = Encoded(model, data, split, seed, least_kl)
            if not (encoded.mean.isfinite().all() and encoded.log_sd.isfinite().all()):
                return dict.fromkeys(names, float("nan"))
            return {name: _value(name, model, encoded) for name in METRICS.among(names)}
    finally:
        model.train(was_training)


def _value(name: str, model: Model, encoded: Encoded) -> float:
    if name.startswith(OF_TARGET):
        return encoded.target_mae(name.removeprefix(OF_TARGET))
    return _COMPUTE[name](model, encoded)
