"""Studies as data give the same table again, with all that tells how they came about."""

import json

from symray.report.page.export import exported, imported
from symray.report.page.formats import comma_separated, latex, markdown
from symray.report.page.paper_table import paper_table


def test_the_table_is_the_same_from_the_file(told_study):
    told_study("one")
    told_study("two", x_mae={11: 0.4, 12: 0.55, 13: 0.6})
    table = paper_table(["one", "two"])
    again = imported(exported(table)).table
    for write in (markdown, latex, comma_separated):
        assert write(again) == write(table)
    assert [line.cells for line in again.lines] == [line.cells for line in table.lines]


def test_a_study_is_told_with_what_was_tried(told_study):
    record = told_study("one", trials=8)
    export = imported(exported(paper_table(["one"])))
    (story,) = export.stories
    assert story["file"] == (record.folder / "study.yaml").read_text()
    assert story["test_evaluations"] == 1
    columns = story["trials"]["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in story["trials"]["rows"]]
    assert [row["trial"] for row in rows] == list(range(8))
    assert [row["lambda_growth"] for row in rows] == [
        trial.params["lambda_growth"] for trial in record.trials()
    ]
    assert {row["reason"] for row in rows if row["state"] == "FAIL"} == {"diverged"}


def test_numbers_keep_all_their_digits(told_study):
    told_study("one", x_mae={11: 0.1 + 0.2, 12: 1 / 3})
    content = json.loads(exported(paper_table(["one"])))
    assert content["studies"][0]["seeds"]["x_mae"] == {"11": 0.1 + 0.2, "12": 1 / 3}
