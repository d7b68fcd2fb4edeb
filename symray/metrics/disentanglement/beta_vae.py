"""The metric of beta-VAE: does a linear classifier see which factor two images share?"""

import warnings

import torch
from torch import Tensor

from symray.metrics.disentanglement.encoded import FactorGroups, Factors, as_encoded
from symray.metrics.points import Points

PIECE = 1_000  # points whose codes are held at a time


def beta_vae_metric(
    codes: Points,
    factors: Factors,
    *,
    batch: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> float:
    """Held-out accuracy of the classifier of Higgins et al. 2017, section 3; 1 is best.

    For each point a factor is drawn and ``batch`` pairs of codes, each sharing its own value of it;
    the point is the mean absolute difference in the pairs, (d,). A logistic regression tells the
    factor from it. Chance is 1 / f. The defaults are those of disentanglement_lib (Locatello et al.
    2019), where the second of a pair is drawn among all that share the value, as here.

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, f) integer classes.
        batch: pairs that make a point.
        train: points to train on.
        test: points to test on.
        seed: of all that is drawn.
        device: where the codes are gathered; a torch device with float64.

    Raises:
        ValueError: codes or factors that :func:`~symray.metrics.disentanglement.encoded.as_encoded`
            refuses.
    """
    points, classes = as_encoded(codes, factors)
    if classes.shape[1] == 1:
        return 1.0  # there is nothing to tell apart
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    groups = FactorGroups(classes, seed, device)
    z = torch.from_numpy(points).to(device)
    x, y = _points(z, groups, train, batch)
    x_test, y_test = _points(z, groups, test, batch)
    classifier = LogisticRegression(random_state=seed)
    with warnings.catch_warnings():
        # the standard 100 steps are part of the metric, not a failure
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(x.cpu().numpy(), y.cpu().numpy())
    return float(classifier.score(x_test.cpu().numpy(), y_test.cpu().numpy()))


def _points(z: Tensor, groups: FactorGroups, count: int, batch: int) -> tuple[Tensor, Tensor]:
    """Mean absolute differences (count, d) and the factor (count,) that their pairs share."""
    factor = groups.which((count,))
    first = groups.any_rows((count, batch))
    second = groups.rows_like(first, factor.unsqueeze(1).expand(-1, batch))
    pieces = zip(torch.split(first, PIECE), torch.split(second, PIECE), strict=True)
    return torch.cat([(z[a] - z[b]).abs().mean(1) for a, b in pieces]), factor
