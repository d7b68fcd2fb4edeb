"""The tables of ``docs/benchmarks.md`` are made from ``docs/benchmarks.json``, all of them."""

import sys
from pathlib import Path

import pytest

from measuring import page
from measuring.page import FIGURES, PAGE, PLACE, with_tables
from measuring.results import Results, read
from measuring.table import Column

RUN = {
    "machine": "one core, load 0.1",
    "versions": {"python": "3.11.7", "torch": "2.13.0"},
    "commit": "abc",
    "date": "2026-11-29",
    "options": {"quick": False},
}
WRITTEN = """\
# Speed

Words before.

<!-- table: speed/ways -->
| old |
<!-- end -->

Words after.
"""
MADE = """\
# Speed

Words before.

<!-- table: speed/ways -->
| way | time | ratio |
| --- | --- | --- |
| ours | 1,235 ms | 0.5 x |
| theirs |  | 1.0 x |

*Ours and theirs. one core, load 0.1, Python 3.11.7, torch 2.13.0; 2026-11-29, commit abc.*
<!-- end -->

Words after.
"""


def figures(folder: Path, **run: object) -> Path:
    results = Results("speed", RUN | run)
    columns = Column("way"), Column("time", "ms", ",.0f"), Column("ratio", "x", ".1f")
    table = results.table("ways", "Ours and theirs", *columns)
    table.add("ours", 1234.5678, 0.5)
    table.add("theirs", None, 1)
    results.save(folder / "figures.json")
    return folder / "figures.json"


def test_the_page_is_what_the_figures_say() -> None:
    assert with_tables(PAGE.read_text(), read(FIGURES)) == PAGE.read_text()


def test_no_table_of_the_page_is_typed_by_hand() -> None:
    around = PLACE.sub("", PAGE.read_text())
    assert [line for line in around.splitlines() if line.startswith("|")] == []


def test_a_table_is_made_in_its_place(tmp_path: Path) -> None:
    made = with_tables(WRITTEN, read(figures(tmp_path)))
    assert made == MADE
    assert with_tables(made, read(figures(tmp_path))) == made


def test_an_origin_in_words_stands_for_a_record_of_the_run(tmp_path: Path) -> None:
    kept = read(figures(tmp_path))
    kept["speed"]["ways"]["run"] = {"origin": "Carried over from an earlier run on another machine"}
    assert "*Ours and theirs. Carried over from an earlier run on another machine.*" in with_tables(
        WRITTEN, kept
    )


def test_a_run_replaces_its_own_tables_and_no_others(tmp_path: Path) -> None:
    file = figures(tmp_path)
    for benchmark, name in (("speed", "more"), ("size", "ways"), ("speed", "ways")):
        results = Results(benchmark, RUN)
        results.table(name, f"Of {benchmark}", Column("figure")).add(2.0)
        results.save(file)
    assert {name: set(tables) for name, tables in read(file).items()} == {
        "speed": {"ways", "more"},
        "size": {"ways"},
    }
    assert read(file)["speed"]["ways"]["rows"] == [[2.0]]


def test_figures_of_a_quick_run_are_refused(tmp_path: Path) -> None:
    quick = read(figures(tmp_path, options={"quick": True}))
    with pytest.raises(ValueError, match="speed/ways are of a quick run"):
        with_tables(WRITTEN, quick)


def test_places_and_figures_must_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no figures for the tables speed/ways"):
        with_tables(WRITTEN, {})
    with pytest.raises(ValueError, match="no place for speed/ways"):
        with_tables("# Speed\n", read(figures(tmp_path)))


def test_check_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "page.md"
    written.write_text(WRITTEN)
    arguments = ["page", "--page", str(written), "--figures", str(figures(tmp_path))]
    monkeypatch.setattr(sys, "argv", [*arguments, "--check"])
    with pytest.raises(SystemExit) as end:
        page.main()
    assert end.value.code == 1
    assert written.read_text() == WRITTEN
    monkeypatch.setattr(sys, "argv", arguments)
    page.main()
    assert written.read_text() == MADE
