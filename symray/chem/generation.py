"""How good generated molecules are, as MOSES measures it (Polykovskiy et al. 2020, section 4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from symray.chem.base import Progress
from symray.chem.molecules import canonical_batch


@dataclass(frozen=True)
class Generation:
    """Validity, uniqueness and novelty, each a fraction in [0, 1].

    A fraction of no molecules (nothing is valid, so nothing can be unique or novel) is 0.

    Attributes:
        count: how many strings were generated, those that could not be decoded among them.
        valid: the share that RDKit parses and sanitises.
        unique: the share of different canonical SMILES among the valid ones.
        novel: the share of the different valid ones that aren't in the training set.
        molecules: the canonical SMILES of the valid ones, in the order they were generated.
    """

    count: int
    valid: float
    unique: float
    novel: float
    molecules: list[str]

    def unique_at(self, k: int) -> float:
        """MOSES' unique@k: the share of different ones among the first k valid ones.

        As in MOSES, all are taken where there are fewer than k.
        """
        return _share(len(set(self.molecules[:k])), len(self.molecules[:k]))


def assess(
    generated: Sequence[str | None],
    training: Collection[str],
    stereo: bool = True,
    progress: Progress | None = None,
) -> Generation:
    """Validity, uniqueness and novelty of ``generated`` SMILES; None is one that has none.

    Args:
        generated: as they come out of a codec, in order.
        training: the training set's canonical SMILES, by :func:`canonical_batch` with the same
            ``stereo``; a frozenset saves making one.
        stereo: whether molecules that differ in stereo chemistry only are different. MOSES' are.
        progress: called as molecules are read.
    """
    molecules = [one for one in canonical_batch(generated, stereo, progress).smiles if one]
    distinct = set(molecules)
    known = training if isinstance(training, set | frozenset) else frozenset(training)
    return Generation(
        count=len(generated),
        valid=_share(len(molecules), len(generated)),
        unique=_share(len(distinct), len(molecules)),
        novel=_share(len(distinct - known), len(distinct)),
        molecules=molecules,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
