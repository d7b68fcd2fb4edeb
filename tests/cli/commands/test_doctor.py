import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from symray.cli.main import app

runner = CliRunner()


def test_studies_run_on_the_machine_that_tests_them(study_home: Path) -> None:
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-1] == "studies can run here"
    assert any(
        line.startswith("ok       home folder") and str(study_home) in line for line in lines
    )
    assert any("started here, a task ran" in line for line in lines)
    assert "mlflow.db with 1 experiments" in result.stdout
    assert [path.name for path in study_home.iterdir()] == ["mlflow.db"]


def test_a_broken_machine_exits_with_1(
    tmp_path: Path, study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("RAY_ADDRESS", "no address at all")
    result = runner.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    content = json.loads(result.stdout)
    assert {"home folder", "Ray"} <= set(content["broken"])
    assert {"name", "status", "found", "advice", "essential"} == set(content["findings"][0])
