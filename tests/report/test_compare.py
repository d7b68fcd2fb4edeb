"""Tables of studies, against what the confirmation's own files say."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.report.compare import COLUMNS, Figure, Row, compare, expand
from symray.search.progress import Progress
from symray.search.search import Search
from symray.tasks.task import Report

MakeRecord = Callable[..., StudyRecord]
GOOD = {"mi_z0_y": 0.5, "x_mae": 0.5, "y_mae": 1.0}


def search(record: StudyRecord, code: str = "a", **values: float) -> None:
    """One completed trial of ``record`` with these metrics."""
    tags = {"symray.code": code, "symray.data_key": "k"}
    searching = Search(record, tags, Progress(), lambda number: None, lambda: False)
    task = searching.next()
    assert task is not None
    searching.finish(task, Report(4, 4, values, "complete"), None)


def row_of(name: str) -> Row:
    (row,) = compare([name]).rows
    return row


def test_a_confirmed_winner_stands_with_its_seeds_on_the_test_split(
    finished_study: StudyRecord,
) -> None:
    row = row_of("finished")
    paths = finished_study.folder.glob(f"confirmation/{row.number:04d}-*/test.json")
    finals = [json.loads(path.read_text()) for path in paths]
    assert (row.split, row.n, row.trials, row.model) == ("test", 2, 3, "stib")
    for name in COLUMNS:
        values = np.array([final[name] for final in finals])
        assert row.figures[name].mean == pytest.approx(values.mean())
        assert row.figures[name].sd == pytest.approx(values.std(ddof=1))


def test_own_data_have_no_published_lines_and_a_complete_study_needs_no_note(
    finished_study: StudyRecord,
) -> None:
    comparison = compare([finished_study.name])
    assert comparison.published == {}
    assert comparison.notes == []


def test_the_papers_table_stands_beside_studies_of_its_data(make_record: MakeRecord) -> None:
    search(make_record(), **GOOD)
    published = compare(["searched"]).published
    assert published["stib"] == {"x_mae": 0.04, "y_mae": 0.47, "mi_z0_y_paper": 0.25}
    assert published["cvae"] == {"x_mae": 0.33, "mi_z0_y_paper": 2.57}
    assert set(published) == {"vae", "stib_no_adversary", "cvae", "cvib", "stib"}


def test_without_a_confirmation_the_best_feasible_trial_stands_and_is_marked(
    make_record: MakeRecord,
) -> None:
    record = make_record()
    search(record, **GOOD | {"mi_z0_y": 0.4, "x_mae": 0.9})
    search(record, **GOOD)
    row = row_of("searched")
    assert (row.split, row.number, row.n) == ("validation", 1, 1)
    assert row.figures["x_mae"] == Figure(0.5)
    notes = compare(["searched"]).notes
    assert any("validation split, of trial 1" in note for note in notes)
    assert any("not final" in note for note in notes)


def test_where_nothing_is_feasible_the_row_is_empty_and_a_note_says_by_how_much(
    make_record: MakeRecord,
) -> None:
    search(make_record(), **GOOD | {"x_mae": 0.9})
    row = row_of("searched")
    assert (row.split, row.number, row.figures) == (None, None, {})
    assert any("misses x_mae by 0.1" in note for note in compare(["searched"]).notes)


def test_a_suites_name_stands_for_its_studies(make_record: MakeRecord) -> None:
    for name in ("pair-stib", "pair-vae", "pairs"):
        make_record(f"study={name}")
    assert sorted(expand("pair")) == ["pair-stib", "pair-vae"]
    assert expand("pairs") == ["pairs"]
    first, *rest = compare(["pairs", "pair", "pair-vae"]).rows
    assert first.study == "pairs"
    assert sorted(row.study for row in rest) == ["pair-stib", "pair-vae"]
    with pytest.raises(UserError, match="did you mean 'pairs'"):
        expand("pais")


def test_a_study_wins_over_the_suite_of_its_name(make_record: MakeRecord) -> None:
    make_record("study=pair-vae")
    make_record("study=pair")
    assert expand("pair") == ["pair"]


def test_other_code_and_other_presets_are_noted(make_record: MakeRecord) -> None:
    search(make_record("study=pair-old"), code="old", **GOOD)
    search(make_record("study=pair-new", "preset=equal"), code="new", **GOOD)
    notes = compare(["pair-old", "pair-new"]).notes
    assert "trained by different code: old (pair-old); new (pair-new)" in notes
    assert "under different presets: paper (pair-old); equal (pair-new)" in notes
    assert not any("different data" in note for note in notes)


def test_an_own_models_code_is_compared_with_itself_only(make_record: MakeRecord) -> None:
    search(
        make_record("study=built-in", "model=stib_no_adversary", "search.beta=null"),
        code="a6a40ee162ae",
        **GOOD,
    )
    search(make_record("study=own"), code="a6a40ee162ae-0bf4a7fd76c3", **GOOD)
    assert not any("code" in note for note in compare(["built-in", "own"]).notes)
    search(make_record("study=own-2"), code="a6a40ee162ae-17ae7a553580", **GOOD)
    (note,) = (n for n in compare(["built-in", "own", "own-2"]).notes if "code" in n)
    assert note == "trained by different code of stib: 0bf4a7fd76c3 (own); 17ae7a553580 (own-2)"


@pytest.mark.parametrize(
    ("value", "floored"), [(-0.01, True), (0.0, True), (0.05, True), (0.0501, False)]
)
def test_a_kraskov_figure_within_its_floor_is_floored(value: float, floored: bool) -> None:
    figures = {
        "mi_z0_y": Figure(value, 0.1),
        "x_mae": Figure(value),
        "mi_z0_y_floor": Figure(0.01, 0.5),
        "mi_z0_y_floor_sd": Figure(0.02, 0.5),
    }
    row = Row("s", "stib", "paper", "artificial", 1, figures=figures)
    assert row.floor == pytest.approx(0.05)
    assert row.floored("mi_z0_y") is floored
    assert not row.floored("x_mae")
    assert not row.floored("mi_z0_y_paper")


def test_a_row_without_a_floor_floors_nothing() -> None:
    row = Row("s", "stib", "paper", "artificial", 1, figures={"mi_z0_y": Figure(0.0)})
    assert row.floor is None
    assert not row.floored("mi_z0_y")
