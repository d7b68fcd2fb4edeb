"""The figure of a study over the number of latents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symray.figures import model_selection
from symray.record import jsonl
from symray.record.study_record import StudyRecord
from symray.report import model_selection as selection
from symray.report.model_selection import draw_selection
from symray.search.leaderboard import Candidate

SEARCH = ("search={latent_dims: {low: 2, high: 8}}", "reference=false")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was drawn."""
    calls: list[Any] = []

    def draw(*arguments: Any) -> Any:
        calls.append(arguments)
        return model_selection(*arguments)

    monkeypatch.setattr(selection, "model_selection", draw)
    return calls


def test_the_means_of_each_number_of_latents_are_drawn(
    make_record: Callable[..., StudyRecord],
    drawn: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = make_record(*SEARCH)
    rows = [(0, 4, 0.2, 0.4), (1, 2, 0.5, 0.1), (2, 4, 0.4, 0.6), (3, 3, 0.3, 0.2)]
    board = [
        Candidate(n, {"latent_dims": dims}, {"x_mae": x, "mi_z0_y_paper": mi}, (x,), {})
        for n, dims, x, mi in rows
    ]
    monkeypatch.setattr(selection, "leaderboard", lambda record: board)
    folder = record.trial_folder(1)
    folder.mkdir(parents=True)
    line = {"epoch": 1, "time": 0.0, "values": {"x_mae": 0.5, "x_mae_sd": 0.07}}
    jsonl.append(folder / "metrics.jsonl", [line])
    draw_selection(record, tmp_path)
    ((latents, x, mi, labels, spreads),) = drawn
    assert latents == [2, 3, 4]
    assert x == pytest.approx([0.5, 0.3, 0.3])
    assert mi == pytest.approx([0.1, 0.2, 0.5])
    assert labels == ("x_mae", "MI($Z_0$; $Y$) in bits, as published")
    assert spreads[0] == pytest.approx([0.07, 0, 0.1 * 2**0.5])
    assert (tmp_path / "model_selection.png").stat().st_size > 0


def test_other_studies_have_none(
    finished_study: StudyRecord, drawn: list[Any], tmp_path: Path
) -> None:
    draw_selection(finished_study, tmp_path)
    assert drawn == []
    assert list(tmp_path.iterdir()) == []
