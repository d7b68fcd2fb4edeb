"""MLflow's UI as `symray ui` starts it, looked at with a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import browser_page, served, show, why_no_browser
from playwright.sync_api import Page, expect

from symray.record.study_record import StudyRecord
from symray.record.task_folder import run_id
from symray.tracking.links import run_link

pytestmark = pytest.mark.skipif(why_no_browser() is not None, reason=str(why_no_browser()))


@pytest.fixture(scope="module")
def link(_finished: Path) -> Iterator[str]:
    """The address that `symray ui finished` prints."""
    with served(_finished, "finished") as address:
        yield address


@pytest.fixture(scope="module")
def page(link: str) -> Iterator[Page]:
    with browser_page() as page:
        yield page


def parts(link: str) -> tuple[str, str]:
    """The server's address and the study's experiment there."""
    split = urlsplit(link)
    return f"http://{split.netloc}", split.fragment.split("/runs")[0]


def show_artifact(page: Page, link: str, run: str | None, path: str) -> None:
    base, experiment = parts(link)
    show(page, f"{base}/#{experiment}/runs/{run}/artifacts/{path}")


def test_the_link_shows_the_studys_runs(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.get_by_text("6 matching runs")).to_be_visible()
    for name in ("#000 beta=", "#001 beta=", "#002 beta="):
        expect(page.locator(".ag-row a").filter(has_text=name).first).to_be_visible()
    shown = page.locator(".ag-header-cell")
    for column in ("symray.rank", "symray.feasible", "mi_z0_y", "x_mae"):
        expect(shown.filter(has_text=column).first).to_be_visible()
    expect(page.get_by_text("Model training")).to_be_visible()


def test_the_charts_are_those_of_the_study(page: Page, link: str) -> None:
    show(page, f"{link}&compareRunsMode=CHART")
    for title in ("mi_z0_y", "Parallel Coordinates", "x_mae vs. mi_z0_y"):
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer .trace").first).to_be_attached()


def test_seeds_stand_together_by_setting(page: Page, link: str) -> None:
    page.goto(link)
    with page.context.expect_page() as opened:
        page.get_by_text("The confirmation's seeds, by setting").click()
    seeds = opened.value
    expect(seeds.get_by_text("2 matching runs")).to_be_visible()
    group = seeds.locator(".ag-row").filter(has_text="Group: #00").first
    expect(group).to_be_visible()
    for seed in (0, 1):
        run = seeds.locator(".ag-row a").filter(has_text=f"seed {seed} beta=").first
        expect(run).to_be_visible()
    seeds.close()


def test_a_run_shows_its_metrics(page: Page, link: str, finished_study: StudyRecord) -> None:
    page.goto(run_link(parts(link)[0], str(run_id(finished_study.trial_folder(0)))))
    for name in ("x_mae", "train/kl", "mi_z0_y"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_the_champions_figures_are_shown(
    page: Page, link: str, finished_study: StudyRecord
) -> None:
    confirmation = json.loads((finished_study.folder / "confirmation.json").read_text())
    run = run_id(finished_study.folder / "confirmation" / confirmation["champion"])
    for figure in ("latent_space", "reconstruction_x", "reconstruction_y"):
        show_artifact(page, link, run, f"figures/{figure}.png")
        image = page.locator(f"img[alt='figures/{figure}.png']")
        image.wait_for(state="attached")
        page.wait_for_function("image => image.naturalWidth > 100", arg=image.element_handle())


def studys_run(page: Page, link: str) -> str:
    """The run of the study itself, by the table of runs."""
    page.goto("about:blank")
    page.goto(link)
    name = page.locator(".ag-row a[href*='/runs/']").get_by_text("finished", exact=True)
    href = name.evaluate("name => name.closest('a').href")
    return str(href.rsplit("/", 1)[1])


def test_the_studys_page_has_its_leaderboard_and_pictures(page: Page, link: str) -> None:
    page.goto(run_link(parts(link)[0], studys_run(page, link)))
    page.get_by_text("Show more").first.click()
    expect(page.get_by_role("heading", name="Leaderboard")).to_be_visible()
    expect(page.get_by_text("by fANOVA")).to_be_visible()
    picture = page.locator("img[src*='get-artifact'][src*='latent_space']")
    picture.wait_for(state="attached")
    page.wait_for_function("image => image.naturalWidth > 100", arg=picture.element_handle())


def test_optunas_plots_are_drawn(page: Page, link: str) -> None:
    run = studys_run(page, link)
    show_artifact(page, link, run, "report/plots.html")
    plots = page.frame_locator("iframe.mlflow-html-iframe")
    expect(plots.get_by_text("Optimization History Plot")).to_be_visible()
    expect(plots.get_by_text("Parallel Coordinate Plot")).to_be_visible()


def test_the_registered_model_is_the_champion(page: Page, link: str) -> None:
    page.goto(f"{parts(link)[0]}/#/models/finished")
    expect(page.get_by_role("link", name="Version 1")).to_be_visible()
    expect(page.get_by_text("champion").first).to_be_visible()
