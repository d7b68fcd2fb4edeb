import json
from pathlib import Path

from typer.testing import CliRunner

from symray.cli.main import app
from symray.models.template import write_model_template
from symray.record.study_record import StudyRecord
from symray.training.build import build_trainer
from symray.training.bundle import save_bundle
from symray.training.spec import TrialSpec

runner = CliRunner()


def test_the_champion_is_listed(finished_study: StudyRecord) -> None:
    (model,) = json.loads(runner.invoke(app, ["models", "list", "--json"]).stdout)["models"]
    assert (model["name"], model["champion"]) == ("finished", "1")
    table = runner.invoke(app, ["models", "list"]).stdout
    assert model["run_id"] in table


def test_an_empty_registry_says_so(study_home: Path) -> None:
    result = runner.invoke(app, ["models", "list"])
    assert result.exit_code == 0
    assert "nothing is registered yet" in result.stdout


def test_a_download_is_checked_and_described(finished_study: StudyRecord, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    result = runner.invoke(app, ["models", "download", "finished@champion", "--to", str(folder)])
    assert result.exit_code == 0
    assert "stib on data.npz data (X 2 wide, Y 1), 2 epochs" in result.stdout
    assert "test: x_mae" in result.stdout
    assert runner.invoke(app, ["models", "verify", str(folder)]).exit_code == 0
    again = runner.invoke(app, ["models", "download", "finished", "--to", str(folder)])
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    with (folder / "weights.safetensors").open("ab") as file:
        file.write(b"!")
    damaged = runner.invoke(app, ["models", "verify", str(folder)])
    assert damaged.exit_code == 2
    assert "weights.safetensors is damaged" in damaged.stderr


def test_an_own_model_is_told_to_need_its_code(tmp_path: Path) -> None:
    write_model_template("told_model", tmp_path)
    settings = {"hidden_width": 8, "batch_size": 16, "steps_per_epoch": 1, "epochs": 1}
    code = str(tmp_path / "told_model")
    spec = TrialSpec("told_model.models:MyVAE", "artificial", settings, seed=0, code=code)
    folder = save_bundle(tmp_path / "model", build_trainer(spec, "cpu"), spec, {})
    result = runner.invoke(app, ["models", "verify", str(folder)])
    assert result.exit_code == 0
    assert "needs the code of the package 'told_model'" in result.stdout
    assert "never run unasked" in result.stdout
