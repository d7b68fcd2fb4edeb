"""The page of results is what the exports say, and what a rerun says of it."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from results_page import FOLDER, read_exports, with_results, written  # noqa: E402
from results_rerun import PREFIX, compared  # noqa: E402

from symray.report.page.export import Export, imported  # noqa: E402
from symray.study_file import load_study_file  # noqa: E402

EXPORTS = sorted(FOLDER.glob("*.json"))


@pytest.fixture
def small() -> str:
    return next(path for path in EXPORTS if path.stem.startswith(PREFIX)).read_text()


def test_the_page_is_what_the_exports_say() -> None:
    assert written(check=True) == []


def test_a_block_without_an_export_and_an_export_without_a_block_are_errors() -> None:
    exports = read_exports()
    with pytest.raises(ValueError, match=r"results/.*none"):
        with_results("<!-- results: none -->\n<!-- end -->", exports)
    with pytest.raises(ValueError, match=next(iter(exports))):
        with_results("no block", exports)


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_every_number_of_the_table_is_in_the_export(path: Path) -> None:
    content = json.loads(path.read_text())
    values = [
        sum(seeds.values()) / len(seeds)
        for study in content["studies"]
        for seeds in study["seeds"].values()
        if seeds
    ]
    page = (DOCS / "results.md").read_text()
    block = page.split(f"<!-- results: {path.stem} -->")[1].split("<!-- end -->")[0]
    (intervals,) = re.findall(r"\| metric \|.*?\n\n", block, flags=re.DOTALL)
    shown = [float(row.split("|")[3]) for row in intervals.strip().splitlines()[2:]]
    assert len(shown) == len(values)
    assert sorted(shown) == pytest.approx(sorted(values), abs=5e-5)


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_winners_saw_the_test_split_once(path: Path) -> None:
    for story in imported(path.read_text()).stories:
        assert story["test_evaluations"] == 1


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)
def test_a_study_file_of_the_page_loads(path: Path, tmp_path: Path) -> None:
    for index, story in enumerate(imported(path.read_text()).stories):
        file = tmp_path / f"{index}.yaml"
        file.write_text(story["file"])
        assert len(load_study_file(file)) == 1


def test_a_rerun_must_agree_on_the_same_machine_only(small: str) -> None:
    page = imported(small)
    assert [fine for _, fine in compared(page, imported(small))] == [True] * len(page.stories)
    content = json.loads(small)
    seeds = content["studies"][0]["seeds"]["x_mae"]
    seeds[next(iter(seeds))] += 1e-12
    here = imported(json.dumps(content))
    told = list(compared(page, here))
    assert [fine for _, fine in told] == [False] + [True] * (len(told) - 1)
    assert "differs on the same machine: x_mae" in told[0][0]
    elsewhere = _on_another_machine(here)
    assert all(fine for _, fine in compared(page, elsewhere))


def _on_another_machine(export: Export) -> Export:
    return replace(
        export, stories=[{**story, "where": {"h, cpu, Other": 1}} for story in export.stories]
    )
