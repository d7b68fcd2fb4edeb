"""Three studies in MLflow's UI, and one that still runs, as a researcher opens them.

What each page shows is kept in ``build/screenshots``.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import browser_page, keep, served, show, why_no_browser
from playwright.sync_api import Locator, Page, expect

from symray.study_file import load_study_file

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # the first waits for three studies
    pytest.mark.skipif(why_no_browser() is not None, reason=str(why_no_browser())),
]

STUDIES = """\
study: three
suite: [stib, vae, cvib]
data: artificial
training:
  epochs: 6
  steps_per_epoch: 60
  batch_size: 64
  hidden_width: 32
  evaluate_every: 1
search:
  learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}
objectives: {x_mae: minimize}
constraints: ["y_mae <= 4"]
trials: 4
concurrency: 2
confirmation: {top: 2, seeds: 2}
"""
NAMES = ("three-stib", "three-vae", "three-cvib")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the three, launched as people do."""
    folder = tmp_path_factory.mktemp("three")
    path = folder / "three.yaml"
    path.write_text(STUDIES)
    assert [file.study for file in load_study_file(path)] == list(NAMES)
    environment = os.environ | {"SYMRAY_HOME": str(folder / "home")}
    launched = [sys.executable, "-m", "symray", "launch", str(path)]
    subprocess.run(launched, env=environment, check=True, capture_output=True)
    return folder / "home"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser_page() as page:
        yield page


def rows(page: Page) -> Locator:
    """Names of the runs in a table."""
    return page.locator(".ag-row a[href*='/runs/']")


def cells(page: Page, column: str) -> list[str]:
    """What a column shows, from the top."""
    found = page.locator(f'.ag-row .ag-cell[col-id="{column}"]')
    return [text.strip() for text in found.all_inner_texts()]


@pytest.mark.parametrize("name", NAMES)
def test_a_study(page: Page, studies: Path, name: str) -> None:
    with served(studies, name) as link:
        base, experiment = link.split("/#")[0], link.split("/runs")[0]
        show(page, link)
        expect(page.get_by_text("9 matching runs")).to_be_visible()
        shown = page.locator(".ag-header-cell")
        for heading in ("symray.rank", "symray.state", "symray.feasible", "symray.role", "x_mae"):
            expect(shown.filter(has_text=heading).first).to_be_visible()
        assert cells(page, "tags.`symray.rank`")[:5] == ["0001", "0002", "0003", "0004", "-"]
        assert cells(page, "tags.`symray.role`")[4:] == ["confirmation"] * 4 + ["study"]
        errors = [float(text) for text in cells(page, "metrics.`x_mae`")[:4]]
        assert errors == sorted(errors)
        keep(page, f"{name}_runs")

        rows(page).get_by_text(name, exact=True).click()
        expect(page.get_by_text("is the best in the mean over fresh seeds")).to_be_visible()
        page.get_by_text("Show more").first.click()
        expect(page.get_by_text("Confirmation under fresh seeds")).to_be_visible()
        keep(page, f"{name}_study")

        show(page, f"{link}&compareRunsMode=CHART")
        curves = page.locator(".js-plotly-plot .scatterlayer .trace")
        expect(curves.nth(7)).to_be_attached()
        for title in ("x_mae", "Parallel Coordinates"):
            expect(page.get_by_text(title, exact=True).first).to_be_visible()
        keep(page, f"{name}_charts")

        show(
            page, f"{experiment}/runs?workflowType=machine_learning&viewStateShareKey=symray-seeds"
        )
        expect(page.get_by_text("4 matching runs")).to_be_visible()
        expect(page.locator(".ag-row").filter(has_text="Group: #0")).to_have_count(2)
        keep(page, f"{name}_seeds")

        show(page, f"{base}/#/models/{name}")
        expect(page.get_by_text("champion").first).to_be_visible()
        page.get_by_role("link", name="Version 1").click()
        expect(page.get_by_text(f"champion of the study {name}").first).to_be_visible()
        keep(page, f"{name}_model")


def test_studies_are_compared(page: Page, studies: Path) -> None:
    with served(studies, *NAMES) as link:
        show(page, link)
        expect(page.get_by_text("27 matching runs")).to_be_visible()
        expect(rows(page).filter(has_text="#00").nth(11)).to_be_visible()
        keep(page, "compared")


def test_a_study_that_still_runs(page: Page, studies: Path, tmp_path: Path) -> None:
    path = tmp_path / "still.yaml"
    path.write_text(
        STUDIES.replace("study: three", "study: still")
        .replace("suite: [stib, vae, cvib]", "model: cvib")
        .replace("trials: 4", "trials: 500")
        .replace('constraints: ["y_mae <= 4"]\n', "")
    )
    driver = subprocess.Popen(
        [sys.executable, "-m", "symray", "launch", str(path)],
        env=os.environ | {"SYMRAY_HOME": str(studies)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert driver.stderr is not None
        ended = (line for line in driver.stderr if " COMPLETE " in line)
        for _ in range(4):
            next(ended)
        with served(studies, "still") as link:
            show(page, link)
            states = page.locator('.ag-row .ag-cell[col-id="tags.`symray.state`"]')
            expect(states.filter(has_text="RUNNING").first).to_be_visible()
            expect(states.filter(has_text="COMPLETE").nth(3)).to_be_visible()
            complete = cells(page, "tags.`symray.state`").count("COMPLETE")
            errors = [float(text) for text in cells(page, "metrics.`x_mae`")[:complete]]
            assert errors == sorted(errors)
            keep(page, "still_runs")
            show(page, f"{link}&compareRunsMode=CHART")
            expect(page.locator(".js-plotly-plot .scatterlayer .trace").nth(3)).to_be_attached()
            keep(page, "still_charts")
    finally:
        driver.send_signal(signal.SIGINT)
        driver.communicate(timeout=120)
