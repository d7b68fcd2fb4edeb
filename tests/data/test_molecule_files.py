import bz2
import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from symray.data.molecule_files import read_molecules, read_xyz_archive
from symray.errors import UserError

CSV = 'smiles,logP,qed\n"CCO\n",1.5,.5\nCC,,x\n\nC#N,2,1e-1\n'
XYZ = """2
gdb 1\t{numbers}\t
C\t0\t0\t0\t0
O\t1.2*^-6\t0\t0\t0
100\t200
[C-]#[O+]\tCO\t
InChI=1S/CO\tInChI=1S/CO
"""


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz"])
def test_columns_are_found_by_their_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    data = CSV.encode()
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    rows = read_molecules(path, "smiles", ["qed", "logP"])
    assert rows.smiles == ["CCO", "CC", "C#N"]
    np.testing.assert_array_equal(rows.y, [[0.5, 1.5], [np.nan, np.nan], [0.1, 2]])
    assert rows.lines == [3, 4, 6]  # where each row ends


def test_smi_has_one_a_line_and_keeps_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "m.smi"
    path.write_text("CCO ethanol\n\nC\tmethane\n")
    rows = read_molecules(path)
    assert (rows.smiles, rows.y.shape, rows.lines) == (["CCO", "", "C"], (3, 0), [1, 2, 3])


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(CSV)
    with pytest.raises(UserError, match="no column 'smile'; did you mean 'smiles'"):
        read_molecules(path, "smile")
    with pytest.raises(UserError, match="no column 'gap'"):
        read_molecules(path, "smiles", ["gap"])
    whole = gzip.compress(CSV.encode())
    (tmp_path / "broken.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="can't be read"):
        read_molecules(tmp_path / "broken.csv.gz")
    with pytest.raises(UserError, match="No such file"):
        read_molecules(tmp_path / "missing.csv")


def test_an_archive_of_xyz_files_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    path = tmp_path / "all.xyz.tar.bz2"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, first in (("b.xyz", 100), ("a.xyz", 200), ("readme.txt", 0)):
            content = XYZ.format(numbers="\t".join(str(first + i) for i in range(15))).encode()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    path.write_bytes(bz2.compress(buffer.getvalue()))
    rows = read_xyz_archive(path, (7, 4))
    assert rows.smiles == ["[C-]#[O+]"] * 2
    np.testing.assert_array_equal(rows.y, [[207, 204], [107, 104]])
    path.write_bytes(b"not an archive")
    with pytest.raises(UserError, match="not an archive of QM9"):
        read_xyz_archive(path)


def test_a_list_has_no_targets(tmp_path: Path) -> None:
    path = tmp_path / "m.smi"
    path.write_text("CCO ethanol\nCC ethane\n")
    with pytest.raises(UserError, match="is a list without columns, so it has no 'logP'; give a"):
        read_molecules(path, "smiles", ["logP"])
