"""What a page cites: the papers of its models, of its estimators and of its search."""

from collections.abc import Iterable

_STIB = (
    "Wieser, Parbhoo, Wieczorek, Roth: Inverse Learning of Symmetries. NeurIPS 2020. "
    "arXiv:2002.02782"
)
_VAE = "Kingma, Welling: Auto-Encoding Variational Bayes. ICLR 2014. arXiv:1312.6114"
_OF_MODEL = {
    "stib": _STIB,
    "stib_no_adversary": _STIB,
    "vae": _VAE,
    "cvae": "Sohn, Lee, Yan: Learning Structured Output Representation using Deep Conditional "
    "Generative Models. NeurIPS 2015",
    "cvib": "Moyer, Gao, Brekelmans, Galstyan, Ver Steeg: Invariant Representations without "
    "Adversarial Training. NeurIPS 2018. arXiv:1805.09458",
    "non_syn": "Non-synergistic Variational Autoencoders. Submission to ICLR 2019",
    "factor_vae": "Kim, Mnih: Disentangling by Factorising. ICML 2018. arXiv:1802.05983",
    "beta_vae": "Higgins et al.: beta-VAE: Learning Basic Visual Concepts with a Constrained "
    "Variational Framework. ICLR 2017",
}
_MI = "Kraskov, Stögbauer, Grassberger: Estimating Mutual Information. Phys. Rev. E 69, 2004"
_ALWAYS = (
    "Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing Hyperparameter Importance. "
    "ICML 2014",
    "Akiba, Sano, Yanase, Ohta, Koyama: Optuna. KDD 2019. arXiv:1907.10902",
    "Liaw et al.: Tune: A Research Platform for Distributed Model Selection and Training. 2018. "
    "arXiv:1807.05118",
)


def references(models: Iterable[str], metrics: Iterable[str]) -> list[str]:
    """Each once: of built-in models, of the estimators of ``metrics``, of what did the search."""
    found = [_OF_MODEL[model] for model in models if model in _OF_MODEL]
    if any(name.startswith("mi_z0_y") for name in metrics):
        found.append(_MI)
    return list(dict.fromkeys([*found, *_ALWAYS]))
