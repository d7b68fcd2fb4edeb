"""The page on estimates of mutual information shows what was measured."""

from pathlib import Path

from measuring.page import with_tables
from measuring.results import read
from measuring.table import Table

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = read(DOCS / "mutual_information.json")


def test_the_page_is_made_from_the_figures() -> None:
    page = (DOCS / "mutual_information.md").read_text()
    assert with_tables(page, FIGURES) == page


def test_the_bound_is_above_no_truth_by_more_than_its_interval() -> None:
    rows = [
        dict(zip((column.name for column in table.columns), row, strict=True))
        for table in map(Table.from_json, FIGURES["mutual_information"].values())
        for row in table.rows
    ]
    assert len(rows) >= 60
    for row in rows:
        assert row["neural"] <= row["truth"] + 1.96 * row["its standard error"]
