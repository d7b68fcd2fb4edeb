"""The separated attribute predictability of Kumar et al. 2018 (section 3), in its two forms."""

import numpy as np

from symray.metrics.disentanglement.encoded import Factors, as_encoded, draw_rows
from symray.metrics.disentanglement.score_gap import top_gap
from symray.metrics.points import Floats, Points, standardised


def sap_svm(
    codes: Points,
    factors: Factors,
    *,
    train: int = 10_000,
    test: int = 5_000,
    penalty: float = 0.01,
    seed: int = 0,
) -> float:
    """SAP by the held-out accuracy of linear classifiers, one for each latent and factor.

    Mean over the factors of the gap between the two latents that predict it best; 1 is best, but
    only a factor of two classes can reach it, since a line cuts a latent in two. The classifiers
    are one-against-rest support vector machines with a squared hinge, balanced weights and C =
    ``penalty``, which is scikit-learn's LinearSVC. Defaults as disentanglement_lib's with its
    factors taken as discrete, which is the form of its published numbers.

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, f) integer classes.
        train: codes to train on, drawn without replacement; both are cut down where N is less.
        test: codes to test on.
        penalty: C.
        seed: of the draw.

    Raises:
        ValueError: codes or factors that :func:`~symray.metrics.disentanglement.encoded.as_encoded`
            refuses.
    """
    # numba takes half a second to import: only who scores pays for it
    from symray.metrics.disentanglement import _svm

    z, y = as_encoded(codes, factors)
    rows, held_out = draw_rows(len(z), (train, test), seed)
    accuracy = np.empty((z.shape[1], y.shape[1]))
    for latent, column in enumerate(z.T):
        for factor, classes in enumerate(y.T):
            found = _svm.predict(column[rows], classes[rows], column[held_out], penalty)
            accuracy[latent, factor] = np.mean(found == classes[held_out])
    return float(top_gap(accuracy).mean())


def sap_r2(codes: Points, factors: Factors, *, samples: int = 10_000, seed: int = 0) -> float:
    """SAP by the squared correlation of each latent with each factor's class number; 1 is best.

    Mean over the factors of the gap between the two best latents: the form for continuous factors,
    which takes shapes to be in an order too. A constant latent's correlation is 0.

    Args:
        codes: (N, d) means of q(z|x).
        factors: (N, f) integer classes.
        samples: codes drawn without replacement; all where N is less.
        seed: of the draw.

    Raises:
        ValueError: codes or factors that :func:`~symray.metrics.disentanglement.encoded.as_encoded`
            refuses.
    """
    z, y = as_encoded(codes, factors)
    (rows,) = draw_rows(len(z), (samples,), seed)
    scaled: list[Floats] = [standardised(part[rows].astype(np.float64)) for part in (z, y)]
    correlations = scaled[0].T @ scaled[1] / len(rows)
    return float(top_gap(correlations**2).mean())
