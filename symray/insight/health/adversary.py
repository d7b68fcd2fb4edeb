"""An adversary that sees nothing of Y in Z0 where others find it there."""

import math
from collections.abc import Iterator
from statistics import median

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.separating import separating_words
from symray.insight.phrases import these_trials
from symray.search.mean_codes import LITTLE, READ

R = "train/adversary_mi"
"""What STIB's maximisation logs: R, twice the Gaussian mutual information in nats."""

SEEN = 0.25
"""An adversary is blind that sees a smaller part of the information than Kraskov's estimate."""

SHARE = 0.5
"""Share of the completed trials with an adversary that makes it severe."""


def blind_adversary(facts: Facts) -> Iterator[Finding]:
    """Trials whose R is near 0 while codes drawn from q(z0|x) tell Y.

    Of sampled codes, because these are what the adversary sees: means of a collapsed latent may
    predict Y for a probe and drown in the posterior's spread.
    """
    judged, blind = [], []
    for candidate in facts.board:
        training = facts.of_trials.get(candidate.number)
        r = training.last_values.get(R) if training else None
        bits = candidate.metrics.get("mi_z0_y_sampled")
        probe = candidate.metrics.get("probe_r2")
        if r is None or bits is None or probe is None:
            continue
        judged.append(candidate)
        if bits >= LITTLE and probe >= READ and in_bits(r) < SEEN * bits:
            blind.append((candidate, in_bits(r), bits, probe))
    if not blind:
        return
    numbers = sorted(candidate.number for candidate, *_ in blind)
    others = [c.params for c in judged if c.number not in numbers]
    seen = median(r for _, r, _, _ in blind)
    bits = median(b for _, _, b, _ in blind)
    probe = median(p for _, _, _, p in blind)
    apart = separating_words([c.params for c, *_ in blind], others)
    yield Finding(
        kind="blind adversary",
        severity="severe" if len(blind) >= SHARE * len(judged) else "warning",
        sentence=(
            f"the adversary of {these_trials(numbers)}{apart} sees nothing of Y (R is {seen:.2g} "
            f"bits) where a probe predicts Y from Z0 with R^2 {probe:.2g} ({bits:.2g} bits): its "
            "penalty pushes nothing out; raise adversary_learning_rate or adversary_steps"
        ),
        evidence={
            "adversary_bits": seen,
            "mi_z0_y_sampled": bits,
            "probe_r2": probe,
            "blind": len(blind),
            "judged": len(judged),
        },
        command=f"symray explain {facts.name} {numbers[-1]}",
        trials=tuple(numbers),
    )


def in_bits(r: float) -> float:
    """R as Gaussian mutual information in bits."""
    return max(0.0, r) / (2 * math.log(2))
