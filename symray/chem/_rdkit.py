"""RDKit, silenced, in functions that worker processes can be handed; importing this takes a while.

RDKit writes what it can't read to the standard error from C++. The log is off for the process that
imports this module; what is wrong with a molecule is in :func:`problem`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, RDLogger
from rdkit.Chem import QED, rdMolHash
from rdkit.Chem.MolStandardize import rdMolStandardize

RDLogger.DisableLog("rdApp.*")

LONGEST = 5_000
"""Characters of a SMILES; RDKit recurses along a chain and ends the process at some 15,000."""


def molecule(smiles: str | None) -> Chem.Mol | None:
    """The sanitised molecule, or None for what RDKit can't read and for nothing."""
    return Chem.MolFromSmiles(smiles) if smiles and len(smiles) <= LONGEST else None


def canonical_chunk(stereo: bool, smiles: Sequence[str | None]) -> list[str | None]:
    """The canonical SMILES of each molecule, or None."""
    molecules = map(molecule, smiles)
    return [
        None if mol is None else Chem.MolToSmiles(mol, isomericSmiles=stereo) for mol in molecules
    ]


def parent_chunk(smiles: Sequence[str | None]) -> list[str | None]:
    """A name for each molecule that its salts, its ions and its tautomers share, or None.

    Of several fragments the largest counts, without charges and stereo chemistry; RDKit's hash
    leaves out where hydrogens and double bonds are that can move.
    """
    uncharger = rdMolStandardize.Uncharger()
    found: list[str | None] = []
    for text in smiles:
        mol = molecule(text)
        if mol is not None:
            if "." in (text or ""):
                mol = rdMolStandardize.FragmentParent(mol)
            mol = uncharger.uncharge(mol)
            Chem.RemoveStereochemistry(mol)
            for atom in mol.GetAtoms():
                atom.SetIsotope(0)
        found.append(
            None
            if mol is None
            else rdMolHash.MolHash(mol, rdMolHash.HashFunction.HetAtomTautomerv2)
        )
    return found


def qed_chunk(smiles: Sequence[str | None]) -> NDArray[np.float64]:
    """The QED of each molecule, or NaN."""
    molecules = map(molecule, smiles)
    return np.array([np.nan if mol is None else QED.qed(mol) for mol in molecules], np.float64)


def problem(smiles: str) -> str | None:
    """What keeps RDKit from reading ``smiles``, or None if nothing does."""
    if molecule(smiles) is not None:
        return None
    if len(smiles) > LONGEST:
        return f"it has {len(smiles)} characters, and {LONGEST} is the most"
    parsed = Chem.MolFromSmiles(smiles, sanitize=False)
    if parsed is None:
        return "it is not SMILES"
    problems = [found.Message() for found in Chem.DetectChemistryProblems(parsed)]
    return problems[0].strip().rstrip(".") if problems else "it can't be sanitised"


def placeholder(text: str) -> Chem.Mol:
    """A molecule that is drawn as ``text``: RDKit drops the legends of cells without an atom."""
    dummy = Chem.MolFromSmiles("*")
    dummy.GetAtomWithIdx(0).SetProp("_displayLabel", text)
    return dummy
