"""Latents that carry nothing: the KL has won over the reconstruction."""

import math
from collections.abc import Iterator

from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.insight.health.separating import separating_words
from symray.insight.phrases import these_trials
from symray.search.leaderboard import Candidate

NOTHING = 0.05
"""Nats of KL(q(z|x) || p), over all latents of a part, below which it carries nothing."""

SHARE = 0.5
"""Share of the completed trials that are collapsed before it is said of the study."""

FEWEST = 3
"""Of so many completed trials at least."""


def collapsed(facts: Facts) -> Iterator[Finding]:
    """Most trials without any active latent, or a best trial whose Z0 is empty."""
    judged = [c for c in facts.board if "kl_z0" in c.metrics]
    dead = [c for c in judged if is_collapsed(c)]
    if len(judged) >= FEWEST and len(dead) >= SHARE * len(judged):
        alive = [c.params for c in judged if not is_collapsed(c)]
        kls = sorted(_kl(c) for c in dead)
        yield Finding(
            kind="collapsed latents",
            severity="severe" if len(dead) == len(judged) else "warning",
            sentence=(
                f"the latents of {len(dead)} of {len(judged)} completed trials have collapsed"
                f"{separating_words([c.params for c in dead], alive)}: KL(q(z|x) || p) is at most "
                f"{kls[-1]:.2g} nats, so they carry nothing: {_remedy(facts)}"
            ),
            evidence={"collapsed": len(dead), "completed": len(judged), "kl_nats": kls},
            command=f"symray explain {facts.name} {dead[-1].number}",
            trials=tuple(sorted(c.number for c in dead)),
        )
    best = facts.feasible[:1]
    if best and not is_collapsed(best[0]) and has_empty_z0(facts, best[0]):
        kl = best[0].metrics["kl_z0"]
        yield Finding(
            kind="collapsed latents",
            severity="severe",
            sentence=(
                f"Z0 of the best one, {these_trials([best[0].number])}, has collapsed (kl_z0 is "
                f"{kl:.2g} nats): it knows nothing of Y because it knows nothing at all; add a "
                "constraint such as `kl_z0 >= 0.5` or `z0_gain >= 0.1`"
            ),
            evidence={"kl_z0": kl, "kl_z1": best[0].metrics.get("kl_z1")},
            command=f"symray explain {facts.name} {best[0].number}",
            trials=(best[0].number,),
        )


def is_collapsed(candidate: Candidate) -> bool:
    """Whether none of its latents carries anything."""
    return _kl(candidate) < NOTHING or candidate.metrics.get("active_latents") == 0


def has_empty_z0(facts: Facts, candidate: Candidate) -> bool:
    """Whether it is Z0 alone that carries nothing, in a model that has a Z1 as well."""
    splits = facts.file.design().model.splits
    return splits and candidate.metrics.get("kl_z0", NOTHING) < NOTHING


def _kl(candidate: Candidate) -> float:
    known = candidate.metrics.get("kl_z0", math.inf)  # an own model may have none
    return known + candidate.metrics.get("kl_z1", 0.0)


def _remedy(facts: Facts) -> str:
    weighs_kl = "beta" in facts.file.design().model.hyperparameters and facts.file.model in (
        "beta_vae",
        "factor_vae",
    )
    weight = "lower beta, " if weighs_kl else ""
    return f"{weight}raise lambda_initial or lambda_growth, or train longer"
