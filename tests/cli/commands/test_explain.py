import json

from typer.testing import CliRunner

from symray.cli.main import app
from symray.insight.explain import explain
from symray.record.study_record import StudyRecord

runner = CliRunner()


def test_the_story_is_told_in_order(finished_study: StudyRecord) -> None:
    result = runner.invoke(app, ["explain", "finished", "0"])
    assert result.exit_code == 0
    story = explain(finished_study, 0)
    expected = [
        "trial 0 of study 'finished': COMPLETE, trained all its 2 epochs",
        "by the study file's reference",
        "beta",
        "attempt 1 from the beginning on",
        "x_mae <= 100.0: kept, it is",
        "train/kl",
        "mi_z0_y_gaussian",
        story.tags["symray.code"],
        str(story.mlflow_run_id),
        "symray ui finished",
        "symray rerun finished 0",
    ]
    places = [result.stdout.find(text) for text in expected]
    assert -1 not in places
    assert places == sorted(places)


def test_json_is_the_whole_story(finished_study: StudyRecord) -> None:
    story = explain(finished_study, 1)
    content = json.loads(runner.invoke(app, ["explain", "finished", "1", "--json"]).stdout)
    assert content["params"] == story.params
    assert content["metrics"] == story.metrics
    assert [j["kept"] for j in content["judgements"]] == [True, True]
    assert content["events"] == list(story.events)


def test_a_number_too_high(finished_study: StudyRecord) -> None:
    result = runner.invoke(app, ["explain", "finished", "7"])
    assert result.exit_code == 2
    assert "has no trial 7; its trials are 0 to 2" in result.stderr
