import pytest
from typer.testing import CliRunner

from symray.cli.main import app
from symray.record.study_record import StudyRecord

runner = CliRunner()


def test_a_server_that_runs_is_only_named(
    finished_study: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9/")
    result = runner.invoke(app, ["ui"])
    assert (result.exit_code, result.stdout) == (0, "http://127.0.0.1:9\n")
    away = runner.invoke(app, ["ui", "finished"])
    assert away.exit_code == 2
    assert "MLflow at http://127.0.0.1:9/ does not answer" in away.stderr


def test_an_unknown_study_is_one_sentence(finished_study: StudyRecord) -> None:
    result = runner.invoke(app, ["ui", "finishd"])
    assert result.exit_code == 2
    assert "did you mean 'finished'?" in result.stderr
    assert result.stdout == ""
