"""ZINC 250k (Gomez-Bombarelli et al. 2018): drug-like molecules and their QED."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symray.chem import Codec, DeepSmilesCodec, qed
from symray.data.base import DataForm, Target
from symray.data.fetch import Progress
from symray.data.molecule_files import read_molecules
from symray.data.molecule_set import Molecules, encoded
from symray.data.named_molecules import NamedMolecules


class ZINC(NamedMolecules):
    """249,455 molecules with QED, which RDKit computes whatever the file says."""

    form = DataForm("strings", "targets", "deepsmiles", (Target("qed", 0),))
    name = "zinc"
    summary = "249,455 drug-like molecules, QED computed with RDKit (STIB)"
    url = (
        "https://raw.githubusercontent.com/aspuru-guzik-group/chemical_vae/master/models/"
        "zinc_properties/250k_rndm_zinc_drugs_clean_3.csv"
    )
    checksum = "md5:b59078b2b04c6e9431280e3dc42048d5"
    filename = "250k_rndm_zinc_drugs_clean_3.csv"
    own_names = ("zinc250k*.smi", "zinc250k*.smi.gz", filename, f"{filename}.gz")
    y_columns = 1

    @classmethod
    def _molecules_of(cls, path: Path, progress: Progress) -> Molecules:
        rows = read_molecules(path)
        scores = qed(rows.smiles, lambda d, n: progress("computing QED", d, n))
        # a molecule without QED can't be read, and that is what is said of it
        rows = rows._replace(y=np.nan_to_num(scores)[:, None])
        return encoded(rows, _by_deep_smiles, progress=progress)


def _by_deep_smiles(
    smiles: Sequence[str], progress: Progress
) -> tuple[Codec, NDArray[np.uint8], dict[int, str]]:
    codec = DeepSmilesCodec()
    found = codec.encode_batch(smiles, lambda d, n: progress("encoding molecules", d, n))
    return codec, found.indices, {one.row: one.reason for one in found.bad}
