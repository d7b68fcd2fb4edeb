"""What RDKit knows of molecules: whether they are any, their canonical SMILES, their QED.

RDKit is imported by the first call, not by importing this module.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symray.chem._parallel import on_processes
from symray.chem.base import EMPTY, BadRow, Progress, quoted
from symray.errors import UserError

CANONICAL_CHUNK = 2000
QED_CHUNK = 500


class Canonical(NamedTuple):
    """Canonical SMILES of a batch.

    Attributes:
        smiles: one for each row, None where the row is bad.
        bad: the rows that RDKit can't read, with its reason, in order.
    """

    smiles: list[str | None]
    bad: list[BadRow]


def canonical(smiles: str | None, stereo: bool = True) -> str | None:
    """RDKit's canonical SMILES, or None for what isn't a molecule.

    Args:
        smiles: any SMILES, or None.
        stereo: whether stereo chemistry and isotopes are kept.
    """
    from symray.chem import _rdkit

    return _rdkit.canonical_chunk(stereo, [smiles])[0]


def canonical_batch(
    smiles: Sequence[str | None], stereo: bool = True, progress: Progress | None = None
) -> Canonical:
    """:func:`canonical` of many molecules on all cores, with the reasons of the bad ones."""
    from symray.chem import _rdkit

    work = partial(_rdkit.canonical_chunk, stereo)
    found = [one for part in on_processes(work, smiles, CANONICAL_CHUNK, progress) for one in part]
    rows = [row for row, one in enumerate(found) if one is None]
    return Canonical(found, [BadRow(row, smiles[row] or "", _reason(smiles[row])) for row in rows])


def parents(smiles: Sequence[str | None], progress: Progress | None = None) -> list[str | None]:
    """A name for each molecule, on all cores, that its salts, ions and tautomers share.

    None for what isn't a molecule. It is RDKit's hash of the largest fragment without charges and
    stereo chemistry (``HetAtomTautomerv2``), which takes a tenth of a millisecond; it is no SMILES.
    """
    from symray.chem import _rdkit

    parts = on_processes(_rdkit.parent_chunk, smiles, CANONICAL_CHUNK, progress)
    return [one for part in parts for one in part]


def is_valid(smiles: str | None) -> bool:
    """Whether RDKit parses and sanitises ``smiles``; nothing, None or "", is not valid."""
    from symray.chem import _rdkit

    return _rdkit.molecule(smiles) is not None


def require_valid(smiles: str) -> None:
    """Do nothing for a molecule.

    Raises:
        UserError: RDKit can't read it; the sentence has the SMILES and RDKit's reason.
    """
    if not is_valid(smiles):
        raise UserError(f"{quoted(smiles)} {_reason(smiles)}")


def qed(smiles: Sequence[str | None], progress: Progress | None = None) -> NDArray[np.float64]:
    """Quantitative estimates of drug-likeness (Bickerton et al. 2012) on all cores.

    Returns:
        (N,) RDKit's QED with its mean weights, in [0, 1]; NaN for what isn't a molecule.
    """
    from symray.chem import _rdkit

    parts = list(on_processes(_rdkit.qed_chunk, smiles, QED_CHUNK, progress))
    return np.concatenate(parts) if parts else np.empty(0)


def _reason(smiles: str | None) -> str:
    from symray.chem import _rdkit

    return f"can't be read by RDKit: {_rdkit.problem(smiles)}" if smiles else EMPTY
