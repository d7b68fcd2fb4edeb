"""QM9 (Ramakrishnan et al. 2014): the isomers C7H10O2 with two properties, and the rest without.

Lengths, splits and units are those of the STIB paper's experiment (appendix 2.2): 76 rules hold all
of QM9 but six molecules, which are left out.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symray.chem import Codec, GrammarCodec
from symray.data.base import DataForm, Target
from symray.data.fetch import Progress, silent
from symray.data.molecule_files import read_molecules, read_xyz_archive
from symray.data.molecule_set import HELD_OUT, Molecules, encoded
from symray.data.named_molecules import NamedMolecules
from symray.data.splits import row_digests

LENGTH = 76
EV, KCAL = 27.2114, 627.509  # per hartree, and per mole
PRETRAINING = 100_000
ALPHA_PLACE, GAP_PLACE = 4, 7  # among the properties of the xyz files

_FIGSHARE = "https://ndownloader.figshare.com/files/"
_ARCHIVE = ".tar.bz2"


class QM9(NamedMolecules):
    """The 6,095 isomers of C7H10O2 with band gap (hartree) and polarisability (bohr^3)."""

    form = DataForm(
        "strings",
        "targets",
        "grammar",
        (
            Target("gap_ev", 0, EV, "eV"),
            Target("gap_kcal", 0, KCAL, "kcal/mol"),
            Target("alpha", 1, 1.0, "bohr^3"),
        ),
    )
    name = "qm9"
    summary = "6,095 isomers C7H10O2, band gap and polarisability (STIB)"
    pretraining_data = "qm9_unlabelled"
    url = f"{_FIGSHARE}3195398"
    checksum = "md5:c750c9f3832e6f63ad64bfb3bd12a045"
    filename = "dsC7O2H10nsd.xyz.tar.bz2"
    own_names = ("qm9_c7h10o2*.csv", "qm9_c7h10o2*.csv.gz", filename)
    y_columns = 2

    @classmethod
    def _molecules_of(cls, path: Path, progress: Progress) -> Molecules:
        if path.name.endswith(_ARCHIVE):
            rows = read_xyz_archive(path, (GAP_PLACE, ALPHA_PLACE))
        else:
            rows = read_molecules(path, "smiles", ("gap_Ha", "alpha_a03"))
        return encoded(rows, _by_the_grammar, True, progress)


class UnlabelledQM9(NamedMolecules):
    """100,000 molecules of QM9 to pretrain on, and 5 % of all to validate and to test.

    None of them is in the validation or test part of :class:`QM9`, by canonical SMILES without
    stereo. Y is 0.
    """

    form = DataForm("strings", "none", "grammar")
    name = "qm9_unlabelled"
    summary = "100,000 molecules of QM9 to pretrain on, none that qm9 validates or tests with"
    url = f"{_FIGSHARE}3195389"
    checksum = "md5:ad1ebd51ee7f5b3a6e32e974e5d54012"
    filename = "dsgdb9nsd.xyz.tar.bz2"
    own_names = ("qm9_smiles*.csv", "qm9_smiles*.csv.gz", filename)
    y_columns = QM9.y_columns

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether both are prepared, this one without what the other holds out."""
        return QM9.is_prepared() and super().is_prepared()

    @classmethod
    def prepare(cls, source: Path | None = None, progress: Progress = silent) -> None:
        """Read ``source``, or such a file in ``SYMRAY_DATA``, or fetch the publisher's (86 MB).

        Prepares :class:`QM9` too, where it isn't.

        Raises:
            UserError: a file can't be used, or the publisher is away.
        """
        if not QM9.is_prepared():
            QM9.prepare(source if source is not None and source.is_dir() else None, progress)
        super().prepare(source, progress)

    @classmethod
    def _molecules_of(cls, path: Path, progress: Progress) -> Molecules:
        read = read_xyz_archive if path.name.endswith(_ARCHIVE) else read_molecules
        labelled = QM9()
        held_out = labelled.molecules("validation") | labelled.molecules("test")
        return _chosen(encoded(read(path), _by_the_grammar, True, progress), held_out)

    @classmethod
    def _depends_on(cls) -> list[str]:
        return [QM9.chosen()]

    @classmethod
    def _pointer(cls) -> str:
        return f"{super()._pointer()}-without-{QM9.chosen()}"


def _chosen(molecules: Molecules, held_out: frozenset[str]) -> Molecules:
    """Without ``held_out``, and so many, by their hashes, that PRETRAINING remain to train."""
    canonical = np.array(molecules.canonical, dtype=object)
    allowed = np.flatnonzero([one not in held_out for one in canonical])
    digests = row_digests([one.encode() for one in canonical[allowed]])
    wanted = math.ceil(PRETRAINING / (1 - 2 * HELD_OUT))
    rows = np.sort(allowed[np.argsort(digests, kind="stable")[:wanted]])
    return molecules._replace(
        indices=molecules.indices[rows],
        y=molecules.y[rows],
        canonical=canonical[rows].tolist(),
    )


def _by_the_grammar(
    smiles: Sequence[str], progress: Progress
) -> tuple[Codec, NDArray[np.uint8], dict[int, str]]:
    codec = GrammarCodec(LENGTH)
    found = codec.encode_batch(smiles, lambda d, n: progress("encoding molecules", d, n))
    return codec, found.indices, {one.row: one.reason for one in found.bad}
