from collections.abc import Callable

import pytest

from symray.cli.results import show_results, spreads
from symray.record.study_record import StudyRecord
from symray.report.columns import shown_metrics
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import leaderboard

Capture = pytest.CaptureFixture[str]


def test_everything_about_a_finished_study(finished_study: StudyRecord, capsys: Capture) -> None:
    show_results(finished_study)
    lines = capsys.readouterr().out.splitlines()
    board = leaderboard(finished_study)
    assert lines[0] == "finished: best of 3 completed trials (validation)"
    metrics = shown_metrics(finished_study)
    assert lines[1].split() == ["trial", "feasible", "beta", "lambda_growth", *metrics]
    assert [line.split()[0] for line in lines[2:5]] == [f"#{row.number}" for row in board]
    confirmation = read_confirmation(finished_study)
    assert confirmation is not None
    validation, test = lines[8:10]
    number = f"#{confirmation['winner']}"
    assert validation.split()[:3] == [number, "validation", "2"]
    assert test.split()[:3] == [number, "test", "2"]
    stat = confirmation["test"]["x_mae"]
    assert f"{stat['mean']:.4g} ± {stat['sd']:.2g}" in test
    assert lines[-3:] == [
        "registered as model finished, version 1 (champion)",
        "next: symray ui finished",
        "      symray models download finished@champion --to DIR",
    ]


def test_what_is_optimised_and_constrained_is_shown(finished_study: StudyRecord) -> None:
    metrics = shown_metrics(finished_study)
    assert {*finished_study.file.objectives, "x_mae", "y_mae", "probe_r2"} <= set(metrics)
    assert len(metrics) == len(set(metrics))


def test_without_confirmation_and_model(own_copy: StudyRecord, capsys: Capture) -> None:
    (own_copy.folder / "confirmation.json").unlink()
    (own_copy.folder / "champion" / "registered.json").unlink()
    show_results(own_copy)
    text = capsys.readouterr().out
    assert "confirmation" not in text
    assert "registered" not in text
    assert "download" not in text


def test_nothing_feasible_is_a_sentence(
    make_infeasible: Callable[[], StudyRecord], capsys: Capture
) -> None:
    show_results(make_infeasible())
    assert capsys.readouterr().out.startswith("0 of 3 trials are feasible; the nearest, #")


@pytest.fixture
def make_infeasible(own_copy: StudyRecord) -> Callable[[], StudyRecord]:
    def make() -> StudyRecord:
        path = own_copy.folder / "study.yaml"
        path.write_text(path.read_text().replace("x_mae <= 100.0", "x_mae <= 0.001"))
        return StudyRecord.open(own_copy.name)

    return make


def test_spreads() -> None:
    floor = {"mi_z0_y_floor": {"mean": 0.1, "sd": 0.0}, "mi_z0_y_floor_sd": {"mean": 0.02}}
    stats = {"mi_z0_y": {"mean": 0.12, "sd": 0.05}, "x_mae": {"mean": 0.5, "sd": 0.125}, **floor}
    assert spreads(["mi_z0_y", "x_mae", "y_mae"], stats) == ["<= floor", "0.5 ± 0.12", "-"]
    assert spreads(["x_mae"], {"x_mae": {"mean": 0.5, "sd": None}}) == ["0.5"]


def test_a_choice_by_factors_is_labelled_and_the_udr_stands_beside_it(
    sprites_study: StudyRecord, capsys: Capture
) -> None:
    show_results(sprites_study)
    lines = capsys.readouterr().out.splitlines()
    (said,) = (line for line in lines if line.startswith("mig needs the factors"))
    assert said.endswith("a choice by supervision, with which label-free ones can't be compared")
    (header,) = (line for line in lines if line.split()[:2] == ["trial", "split"])
    assert header.split() == ["trial", "split", "n", "mig", "x_nats", "udr"]
    confirmation = read_confirmation(sprites_study)
    assert confirmation is not None
    (row,) = (line for line in lines if line.split()[1:2] == ["validation"])
    assert row.split()[-3] == f"{confirmation['candidates'][0]['udr']['mean']:.4g}"
    assert "udr: agreement of the seeds" in "\n".join(lines)
