"""Where a champion's invariance ends: drawn codes that say little of Y, mean codes that tell it."""

from typing import NamedTuple

from symray.record.study_record import StudyRecord
from symray.search.confirmation import read_confirmation, winner_of
from symray.search.leaderboard import leaderboard

LITTLE = 0.5
"""Bits about Y in drawn codes; from there on they tell it themselves."""

READ = 0.3
"""Held-out R^2 of a probe above which it reads Y."""

COLLAPSED = 0.1
"""Nats below which a latent's mean is far below the noise of its samples."""


class ReadableMeans(NamedTuple):
    """What the champion's two kinds of codes tell of Y.

    Attributes:
        number: the champion's trial.
        bits: ``mi_z0_y_sampled``, of codes drawn from q(z0|x).
        r2: the better of the probes' held-out R^2, of mean codes.
    """

    number: int
    bits: float
    r2: float

    @property
    def sentence(self) -> str:
        """What it spoils, and what to do."""
        return (
            f"trial {self.number} is invariant in drawn codes only ({self.bits:.2g} bits of Y): a "
            f"probe reads Y from its mean codes with R^2 {self.r2:.2g}, so mean codes, which "
            "`symray predict` gives, won't do as features free of Y: train with "
            f"`least_kl: {COLLAPSED:g}`, which gives collapsed latents no code, draw codes from "
            f"q(z0|x), or add the constraint `probe_r2 <= {READ:g}`"
        )


def readable_means(record: StudyRecord) -> ReadableMeans | None:
    """Of the confirmation's winner, else of the best feasible trial; None: nothing misleads."""
    found = _champion(record)
    if found is None:
        return None
    number, metrics = found
    bits = metrics.get("mi_z0_y_sampled")
    probes = [metrics.get(name) for name in ("probe_linear_r2", "probe_r2")]
    r2 = max((value for value in probes if value is not None), default=None)
    if bits is None or r2 is None or bits >= LITTLE or r2 <= READ:
        return None
    return ReadableMeans(number, bits, r2)


def _champion(record: StudyRecord) -> tuple[int, dict[str, float]] | None:
    confirmation = read_confirmation(record)
    if confirmation is not None and (winner := winner_of(confirmation)) is not None:
        means = {name: stat["mean"] for name, stat in winner["validation"].items()}
        return winner["number"], means
    best = next((row for row in leaderboard(record) if row.feasible), None)
    return None if best is None else (best.number, dict(best.metrics))
