import csv
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from symray.cli.main import app
from symray.models.template import write_model_template
from symray.record.study_record import StudyRecord
from symray.training.build import build_trainer
from symray.training.bundle import load_bundle, save_bundle
from symray.training.spec import TrialSpec

runner = CliRunner()


@pytest.fixture
def points(tmp_path: Path) -> Path:
    path = tmp_path / "points.csv"
    path.write_text("x1,x2\n1,2\n-3,0.5\n")
    return path


def test_results_go_to_stdout_and_the_summary_to_stderr(
    finished_study: StudyRecord, points: Path
) -> None:
    result = runner.invoke(app, ["predict", "finished", "--input", str(points), "--codes"])
    assert result.exit_code == 0
    model = load_bundle(finished_study.folder / "champion" / "model")
    x = np.array([[1, 2], [-3, 0.5]])
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == ["y1", "x_hat1", "x_hat2", "z0_1", "z0_2", "z1_1"]
    np.testing.assert_allclose([float(row["y1"]) for row in rows], model.predict(x)[:, 0])
    np.testing.assert_allclose([float(row["z1_1"]) for row in rows], model.encode(x)["z1"][:, 0])
    assert result.stderr == "2 rows, y, x_hat, z0, z1 written to standard output\n"


def test_an_unknown_kind_of_output_is_refused_before_anything_is_done(
    study_home: Path, points: Path
) -> None:
    arguments = ["predict", "nothing", "--input", str(points), "--out", "predicted.txt"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "name it .npz or .csv" in result.stderr
    assert not study_home.exists()


def test_an_own_models_code_is_run_only_when_it_is_named(tmp_path: Path, points: Path) -> None:
    write_model_template("used_model", tmp_path / "code")
    code = tmp_path / "code" / "used_model"
    settings = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 1, "epochs": 1}
    spec = TrialSpec("used_model.models:MyVAE", "artificial", settings, seed=0, code=str(code))
    folder = save_bundle(tmp_path / "model", build_trainer(spec, "cpu"), spec, {})
    with (code / "models.py").open("a") as file:
        file.write('\nprint("changed code runs")\n')

    def symray(*options: str) -> subprocess.CompletedProcess[str]:
        command = ["predict", str(folder), "--input", str(points), *options]
        return subprocess.run(
            [sys.executable, "-m", "symray", *command], capture_output=True, text=True
        )

    without = symray()
    assert (without.returncode, without.stdout) == (2, "")
    assert "needs the code of used_model.models:MyVAE" in without.stderr
    changed = symray("--code", str(code))
    assert (changed.returncode, changed.stdout) == (2, "")
    assert "is not what used_model.models:MyVAE was trained with" in changed.stderr
    accepted = symray("--code", str(code), "--accept-code-change")
    assert accepted.returncode == 0
    assert accepted.stdout.startswith("changed code runs\ny1,y2,x_hat1,x_hat2\n")
