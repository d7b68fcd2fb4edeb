"""The study's page tells what the record holds."""

import json
import re
from collections.abc import Callable

import pytest
from optuna.trial import TrialState

from symray.record.study_record import StudyRecord
from symray.report.study_page import LONGEST, Links, study_text
from symray.tasks.task import Task

LINKS = Links(
    run=lambda name: f"#/runs/{name}",
    report=lambda file: f"report:{file}",
    picture=lambda path: f"picture:{path}",
)


def test_it_has_the_verdict_the_leaderboard_and_the_confirmation(
    finished_study: StudyRecord,
) -> None:
    text = study_text(finished_study, LINKS)
    confirmed = json.loads((finished_study.folder / "confirmation.json").read_text())
    winner, test = confirmed["winner"], confirmed["test"]["mi_z0_y"]
    assert text.startswith(
        f"**Trial {winner} is the best in the mean over fresh seeds: "
        f"mi_z0_y {test['mean']:.4g}\u00a0±\u00a0"
    )
    assert text.index(f"[#{winner}](#/runs/trial-{winner:04d})") < text.index("## Confirmation")
    for number in range(3):
        assert f"[#{number}](#/runs/trial-{number:04d})" in text
    epochs = 2 * (3 + 2)
    assert f"- {epochs} epochs" in text
    assert "symray models download finished@champion" in text
    shares = re.findall(
        r"what decides `mi_z0_y`, by fANOVA: `(\w+)` (\d+) %, `(\w+)` (\d+) %", text
    )
    ((first, large, second, small),) = shares
    assert {first, second} == {"beta", "lambda_growth"}
    assert int(large) >= int(small)
    assert 99 <= int(large) + int(small) <= 101
    assert "![](picture:previews/latent_space.png)" in text
    assert "(report:plots.html)" in text
    assert len(text) <= LONGEST


def test_a_study_without_a_feasible_trial_says_so(
    own_copy: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        own_copy,
        "file",
        own_copy.file.model_copy(
            update={
                "constraints": [
                    constraint.__class__(constraint.metric, "<=", -1.0)
                    for constraint in own_copy.file.constraints
                ]
            }
        ),
    )
    assert study_text(own_copy, LINKS).startswith("**0 of 3 trials are feasible; the nearest")


def test_as_much_of_a_long_leaderboard_is_shown_as_there_is_room_for(
    finished_study: StudyRecord,
) -> None:
    far = Links(lambda name: "x" * 1500, str, str)
    text = study_text(finished_study, far)
    assert len(text) <= LONGEST
    assert "and 2 more." in text
    assert "symray models download finished@champion" in text


def test_failures_are_told_by_reason(
    make_record: Callable[..., StudyRecord], add_trial: Callable[..., Task]
) -> None:
    record = make_record()
    for _ in range(2):
        add_trial(record, TrialState.FAIL, x_mae=1.0, y_mae=1.0, mi_z0_y=1.0)
    assert "- 2 failed: diverged" in study_text(record, LINKS)
