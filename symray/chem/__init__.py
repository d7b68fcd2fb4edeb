"""Molecules: codecs between SMILES and indices, and what RDKit knows of them.

The only package that imports RDKit or DeepSMILES, and RDKit only in the first call that needs it.
"""

from symray.chem.base import BadRow, Codec, Encoded, Progress
from symray.chem.codecs import CODECS, codec_from_json
from symray.chem.deep_smiles import DeepSmilesCodec
from symray.chem.derivations import Derivations
from symray.chem.drawing import molecule_grid
from symray.chem.generation import Generation, assess
from symray.chem.grammar import GrammarCodec
from symray.chem.molecules import (
    Canonical,
    canonical,
    canonical_batch,
    is_valid,
    parents,
    qed,
    require_valid,
)

__all__ = [
    "CODECS",
    "BadRow",
    "Canonical",
    "Codec",
    "DeepSmilesCodec",
    "Derivations",
    "Encoded",
    "Generation",
    "GrammarCodec",
    "Progress",
    "assess",
    "canonical",
    "canonical_batch",
    "codec_from_json",
    "is_valid",
    "molecule_grid",
    "parents",
    "qed",
    "require_valid",
]
