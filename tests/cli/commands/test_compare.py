import csv
import io
import json

from typer.testing import CliRunner

from symray.cli.main import app
from symray.record.study_record import StudyRecord
from symray.report.compare import compare

runner = CliRunner()


def test_the_table_has_mean_and_spread(finished_study: StudyRecord) -> None:
    result = runner.invoke(app, ["compare", "finished"])
    assert result.exit_code == 0
    (row,) = compare(["finished"]).rows
    figure = row.figures["x_mae"]
    header, line, _ = result.stdout.splitlines()
    assert f"{figure.mean:.3f} ± {figure.sd:.3f}" in line
    assert "X MAE" in header
    assert "its floor" in header


def test_json_and_csv_agree_with_the_comparison(finished_study: StudyRecord) -> None:
    (row,) = compare(["finished"]).rows
    content = json.loads(runner.invoke(app, ["compare", "finished", "--json"]).stdout)
    (study,) = content["studies"]
    assert (study["study"], study["split"], study["n"]) == ("finished", "test", 2)
    (line,) = csv.DictReader(
        io.StringIO(runner.invoke(app, ["compare", "finished", "--csv"]).stdout)
    )
    for name, figure in row.figures.items():
        assert study["metrics"][name]["mean"] == figure.mean
        assert study["metrics"][name]["floored"] == row.floored(name)
        assert (float(line[name]), float(line[f"{name}/sd"])) == (figure.mean, figure.sd)


def test_an_unknown_study_is_one_sentence(finished_study: StudyRecord) -> None:
    result = runner.invoke(app, ["compare", "finishd"])
    assert result.exit_code == 2
    assert "did you mean 'finished'?" in result.stderr
    assert result.stdout == ""
