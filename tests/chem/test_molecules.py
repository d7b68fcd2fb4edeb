import subprocess
import sys

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED

from symray.chem import canonical, canonical_batch, is_valid, parents, qed, require_valid
from symray.errors import UserError

BAD = ["", "C1CC", "N(C)(C)(C)C", "c1cccc1", "xyz", None]


def test_canonical():
    assert canonical("OCC") == canonical("C(O)C") == "CCO"
    assert canonical("C[C@H](F)Cl") != canonical("C[C@@H](F)Cl")
    assert canonical("C[C@H](F)Cl", stereo=False) == "CC(F)Cl"
    assert [canonical(smiles) for smiles in BAD] == [None] * 6


def test_valid():
    assert is_valid("c1ccccc1")
    assert not any(is_valid(smiles) for smiles in BAD)
    require_valid("CC")


@pytest.mark.parametrize(
    ("smiles", "sentence"),
    [
        ("", "^an empty string is no molecule; remove it$"),
        ("C1CC", "^'C1CC' can't be read by RDKit: it is not SMILES$"),
        ("N(C)(C)(C)C", "RDKit: Explicit valence for atom # 0 N, 4, is greater than permitted$"),
        ("c1cccc1", "RDKit: Can't kekulize mol"),
    ],
)
def test_the_reason(smiles, sentence):
    with pytest.raises(UserError, match=sentence):
        require_valid(smiles)


def test_a_batch_on_all_cores(zinc, some):
    smiles = [*some(zinc, 4500), "C1CC"]
    seen = []
    found = canonical_batch(smiles, progress=lambda done, total: seen.append((done, total)))
    assert found.smiles[:50] == [Chem.CanonSmiles(one) for one in smiles[:50]]
    assert found.smiles[4300:-1] == [Chem.CanonSmiles(one) for one in smiles[4300:-1]]
    assert [bad.sentence() for bad in found.bad] == [
        "line 4501: 'C1CC' can't be read by RDKit: it is not SMILES"
    ]
    assert seen == [(2000, 4501), (4000, 4501), (4501, 4501)]


def test_qed(zinc, some):
    smiles = [*some(zinc, 600), "C1CC", None]
    values = qed(smiles)
    assert values.shape == (602,)
    assert np.isnan(values[600:]).all()
    for n in (0, 1, 499, 500, 599):
        assert values[n] == QED.qed(Chem.MolFromSmiles(smiles[n]))
    assert qed([]).shape == (0,)


def test_zinc_has_the_qed_that_is_known(zinc, some):
    values = qed(some(zinc, 1000))
    assert values.mean() == pytest.approx(0.73, abs=0.02)
    assert values.std() == pytest.approx(0.137, abs=0.015)


def test_rdkit_is_imported_by_its_first_use_and_silent():
    script = (
        "import sys, symray.chem as chem; assert 'rdkit' not in sys.modules;"
        "chem.GrammarCodec().encode('C'); chem.DeepSmilesCodec().encode('C');"
        "assert 'rdkit' not in sys.modules and 'torch' not in sys.modules;"
        "chem.canonical_batch(['C1CC', 'xx']); chem.qed(['N(C)(C)(C)C'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_salts_ions_and_tautomers_have_one_parent():
    acid, pyridone = ["CC(=O)O", "CC(=O)[O-].[Na+]", "O.CC(=O)O"], ["O=c1cccc[nH]1", "Oc1ccccn1"]
    hands = ["N[C@H](C)CO", "N[C@@H](C)CO", "[13CH3]C(N)CO"]
    found = parents([*acid, *pyridone, *hands, "CCO", "COC", "C(", None])
    assert [len(set(found[i:j])) for i, j in ((0, 3), (3, 5), (5, 8))] == [1, 1, 1]
    assert len(set(found[:10])) == 5
    assert found[10:] == [None, None]


def test_a_chain_that_would_end_the_process_is_refused():
    found = canonical_batch(["C" * 100_000, "C"])
    assert found.smiles == [None, "C"]
    assert found.bad[0].reason.endswith("it has 100000 characters, and 5000 is the most")
