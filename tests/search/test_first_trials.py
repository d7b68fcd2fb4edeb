from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from symray.record.study_record import StudyRecord
from symray.search.first_trials import first_params, first_task
from symray.search.search import Search
from symray.study_file import load_study_file


def test_it_is_the_trial_that_the_search_begins_with(
    make_record: Callable[..., StudyRecord], make_search: Callable[[StudyRecord], Search]
) -> None:
    record = make_record("training.epochs=3", "resources={cpu: 2}")
    asked = make_search(record).next()
    assert asked is not None
    mine = first_task(record.file, Path(asked.folder))
    assert replace(asked, checkpoint_every=mine.checkpoint_every, tags={}) == mine


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{low: 1, high: 10000, log: true}", 400),  # the paper's own value
        ("{low: 1, high: 100, log: true}", 10),
        ("{low: 2, high: 10}", 6),
        ("{low: 10, high: 50, step: 10}", 30),
        ("{choice: [7, 5, 9]}", 5),
    ],
)
def test_without_a_reference_it_is_usual_or_in_the_middle(
    entry: str, expected: float, tmp_path: Path
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "study: s\nmodel: stib\ndata: artificial\nreference: false\n"
        f"search: {{beta: {entry}}}\nconstraints: ['x_mae <= 1', 'y_mae <= 1']\n"
    )
    (file,) = load_study_file(path)
    assert first_params(file) == pytest.approx({"beta": expected})
