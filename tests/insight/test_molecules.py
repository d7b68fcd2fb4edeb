"""Tables of predicted and generated molecules, and the commands that write them."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from symray.cli.main import app
from symray.errors import UserError
from symray.insight.molecules import read_smiles
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle
from symray.training.spec import TrialSpec

SIZES = {
    "gru_width": 8,
    "gru_layers": 1,
    "hidden_width": 16,
    "latent_dims": 4,
    "z1_dims": 1,
    "batch_size": 50,
    "steps_per_epoch": 5,
    "epochs": 1,
}
PNG = b"\x89PNG\r\n\x1a\n"
runner = CliRunner()


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model of chains, whose one target is called qed."""
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    smiles = sorted({"C" + "".join(rng.choice(["C", "N", "O"], 8)) for _ in range(900)})
    (tmp_path / "own.csv").write_text(
        "\n".join(["smiles,qed", *(f"{s},{s.count('C') / 9}" for s in smiles)])
    )
    data = {"csv": str(tmp_path / "own.csv"), "targets": ["qed"], "codec": "grammar"}
    spec = TrialSpec("stib", data, dict(SIZES), seed=0)
    trainer = build_trainer(spec, "cpu")
    trainer.run_epoch()
    return save_bundle(tmp_path / "model", trainer, spec, {"validation/mae_qed": 0.1})


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_bad_smiles_is_a_row_with_its_error(model: Path, tmp_path: Path) -> None:
    (tmp_path / "more.smi").write_text("CCN\nCC(\n")
    arguments = ["predict", str(model), "--smiles", "CCO", "--input", str(tmp_path / "more.smi")]
    result = runner.invoke(app, [*arguments, "--codes"])
    assert result.exit_code == 0
    rows = table(result.stdout)
    assert list(rows[0]) == ["smiles", "qed", "z0_1", "z0_2", "z0_3", "z1_1", "error"]
    assert [row["smiles"] for row in rows] == ["CCO", "CCN", "CC("]
    loaded = load_bundle(model)
    expected = loaded.predict(["CCO", "CCN"])[:, 0]
    np.testing.assert_allclose([float(row["qed"]) for row in rows[:2]], expected, rtol=1e-6)
    codes = loaded.encode(["CCN"])
    assert float(rows[1]["z1_1"]) == pytest.approx(float(codes["z1"][0, 0]))
    assert rows[2]["qed"] == rows[2]["z0_1"] == ""
    assert rows[2]["error"].startswith("can't be read by RDKit")
    assert "3 molecules written to standard output, 1 of them can't be used" in result.stderr


def test_molecules_are_generated_written_and_drawn(model: Path, tmp_path: Path) -> None:
    arguments = ["generate", str(model), "--target", "0.5", "--target", "qed=0.8", "-n", "20"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    rows = table(result.stdout)
    assert len(rows) == 40
    assert list(rows[0]) == ["smiles", "fixed_qed", "predicted_qed", "rdkit_qed"]
    assert {row["fixed_qed"] for row in rows} == {"0.5", "0.8"}
    assert "20 generated, valid" in result.stderr
    assert "novel" in result.stderr
    for name in ("drawn.png", "list.smi", "list.csv"):
        out = tmp_path / name
        plot = tmp_path / "plot.png"
        done = runner.invoke(app, [*arguments, "--out", str(out), "--plot", str(plot)])
        assert done.exit_code == 0, done.output
        assert out.stat().st_size > 0
    assert (tmp_path / "drawn.png").read_bytes().startswith(PNG)
    assert plot.read_bytes().startswith(PNG)
    assert table((tmp_path / "list.csv").read_text()) == rows
    assert (tmp_path / "list.smi").read_text().split() == [r["smiles"] for r in rows if r["smiles"]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["generate", "MODEL", "--target", "much"], "write a number, or NAME=NUMBER"),
        (["generate", "MODEL", "--target", "gap=1"], "no target 'gap'; valid names: qed"),
        (["generate", "MODEL", "--target", "1", "--out", "a.txt"], "name it .csv or .smi or .png"),
        (["predict", "MODEL"], "give --smiles or --input"),
        (["predict", "MODEL", "--smiles", "C", "--out", "a.npz"], "written to a .csv"),
        (["predict", "MODEL", "--input", "missing.csv"], "there is no file missing.csv"),
    ],
)
def test_mistakes_are_named(model: Path, arguments: list[str], sentence: str) -> None:
    result = runner.invoke(app, [a.replace("MODEL", str(model)) for a in arguments])
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())


def test_smiles_come_from_the_line_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,structure\n1,CC\n2,\n")
    assert read_smiles(["C"], tmp_path / "a.csv", "structure") == ["C", "CC", ""]
    with pytest.raises(UserError, match="no column 'smiles'"):
        read_smiles([], tmp_path / "a.csv", "smiles")
