"""Tables and lists of molecules as people really have them."""

import gzip

import numpy as np
import pytest

from symray.data import load_data
from symray.data.molecule_files import read_molecules
from symray.data.reading import open_text
from symray.errors import UserError

TABLE = "smiles,name,logP\nCCO,ethanol,1.5\nC,methane,2\n"
BOM = b"\xef\xbb\xbf"


def wrappings(text: str) -> list[bytes]:
    plain = text.encode()
    return [
        plain,
        BOM + plain,
        gzip.compress(plain, mtime=0),
        gzip.compress(BOM + plain, mtime=0),
        plain.replace(b"\n", b"\r\n"),
        plain.replace(b"\n", b"\r"),
    ]


@pytest.mark.parametrize("content", wrappings(TABLE))
@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz", "m.txt", "m.tsv", "m"])
def test_a_table_is_one_in_any_wrapping_and_under_any_name(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    rows = read_molecules(path, "smiles", ["logP"])
    assert (rows.smiles, rows.y.tolist()) == (["CCO", "C"], [[1.5], [2.0]])
    assert (rows.lines, dict(rows.refused)) == ([2, 3], {})


@pytest.mark.parametrize("content", wrappings("CCO ethanol\nC\tmethane\n"))
@pytest.mark.parametrize("name", ["m.smi", "m.smi.gz", "m.txt", "m"])
def test_a_list_keeps_its_first_molecule(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    assert read_molecules(path).smiles == ["CCO", "C"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("name", ["m.csv", "m.tsv", "m.smi", "m.txt"])
def test_the_delimiter_is_the_one_that_gives_the_columns(tmp_path, delimiter, name):
    path = tmp_path / name
    path.write_text(TABLE.replace(",", delimiter))
    assert read_molecules(path, "smiles", ["logP"]).y.tolist() == [[1.5], [2.0]]


@pytest.mark.parametrize(
    ("name", "text"),
    [("m.smi", "CCO 1.5\n"), ("m.txt", "CCO 1.5\n"), ("m.tsv", "smiles\tlogp\nC\t1\n")],
)
def test_a_target_that_is_not_there_is_an_error_and_not_zero(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UserError, match=r"has no (column )?'(smiles|logP)'"):
        read_molecules(path, "smiles", ["logP"])


def test_rows_of_another_width_are_refused_with_their_line(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(TABLE + "CC,an, ethane,3\nCCC,propane\n\nCN,amine,4\n")
    rows = read_molecules(path, "smiles", ["logP"])
    assert rows.y[-1].tolist() == [4]
    assert {rows.lines[i]: r.reason for i, r in rows.refused.items()} == {
        4: "has 4 cells where the header has 3",
        5: "has 2 cells where the header has 3",
    }


def test_stray_quotes_count_every_row_that_they_swallow(tmp_path):
    path = tmp_path / "m.csv"
    lines = [f"C{'C' * i},n{i},{i}" for i in range(20)]
    lines[3], lines[12] = 'CC,"n3,3', 'CC,n12",12'
    path.write_text("\n".join(["smiles,name,logP", *lines]) + "\n")
    rows = read_molecules(path, "smiles", ["logP"])
    assert sorted(rows.lines[i] for i in rows.refused) == list(range(5, 15))
    assert {r.kind for r in rows.refused.values()} == {"lie between stray quotes"}
    lines[12] = "CC,n12,12"  # and one that is never closed
    path.write_text("\n".join(["smiles,name,logP", *lines]) + "\n")
    rows = read_molecules(path, "smiles", ["logP"])
    assert sorted(rows.lines[i] for i in rows.refused) == list(range(5, 22))


def test_a_comment_of_two_lines_is_one_row(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text('smiles,name,logP\nC,"a, b\nand c",1\n')
    rows = read_molecules(path, "smiles", ["logP"])
    assert (rows.smiles, rows.y.tolist(), dict(rows.refused)) == (["C"], [[1]], {})


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('"1,5"', "has '1,5' for logP, which is no number (write a decimal point)"),
        ("5%", "has '5%' for logP, which is no number (write it without the percent sign)"),
        ("1_000", "has '1_000' for logP, which is no number"),
        ("nan", "has 'nan' for logP, which is no number"),
        ("1e999", "has '1e999' for logP, which is no number"),
        ("", "has nothing for logP"),
    ],
)
def test_what_is_no_number_to_everybody_is_none(tmp_path, cell, reason):
    path = tmp_path / "m.csv"
    path.write_text(f"smiles,logP\nC,{cell}\n")
    rows = read_molecules(path, "smiles", ["logP"])
    assert np.isnan(rows.y).all()
    assert rows.refused[0].reason == reason


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (TABLE.encode("utf-16"), "is text in UTF-16; save it as UTF-8"),
        (TABLE.encode("utf-16-le"), "is no text: it has zero bytes"),
        (TABLE.replace("ethanol", "é").encode("latin-1"), r"no text in UTF-8 \(byte 0xe9\)"),
        (b"PK\x03\x04rest", "is a spreadsheet or a zip archive; save the table in it as CSV"),
        (gzip.compress(TABLE.encode() * 99, mtime=0)[:60], "it is packed, and damaged or cut off"),
        (b"smiles,logP,logP\nC,1,2\n", "has two columns 'logP'; rename one"),
    ],
)
def test_what_is_no_text_is_said(tmp_path, content, sentence):
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        read_molecules(path, "smiles", ["logP"])


def test_names_that_the_system_refuses_are_no_files(tmp_path):
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(UserError, match="there is no such file"):
            load_data({"csv": name})
        with pytest.raises(UserError, match="there is no such file"):
            load_data({"npz": name, "x": "x", "y": "y"})
    with pytest.raises(UserError, match="can't be read"), open_text(tmp_path / "none.csv"):
        pass
