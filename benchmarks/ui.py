"""How long the table of a study of 300 trials takes to open in MLflow's UI, in headless Chromium.

The trials cost nothing; symray's projector writes them to a real MLflow server. From the address
until rows are drawn, in the study's own view and in MLflow's default one, in turns, each time with
an empty cache of the browser. The default one draws a single row, the study's, below which all
others are folded.

    python benchmarks/ui.py [--trials 300] [--rounds 5]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import os

import optuna
from browser import browser, new_page, why_no_browser
from playwright.sync_api import Browser

from measuring.command import CannotMeasureError, Options, Parser, run
from measuring.results import Results
from measuring.servers import mlflow_server
from measuring.table import Column
from records import TEXT, untrained
from symray.record.home import home
from symray.record.study_record import StudyRecord
from symray.study_file import load_study_file
from symray.tracking.client import make_client
from symray.tracking.links import experiment_link
from symray.tracking.projection import Projection
from symray.tracking.run_contents import all_contents


def opened(browser: Browser, address: str) -> float:
    """Seconds until the rows of a table are there."""
    with new_page(browser) as page:
        began = time.perf_counter()
        page.goto(address)
        page.locator(".ag-row a[href*='/runs/']").first.wait_for()
        return time.perf_counter() - began


def write_study(trials: int, scratch: Path) -> str:
    """A study of so many trials, written to MLflow as its driver does; its experiment."""
    path = scratch / "many.yaml"
    path.write_text(TEXT)
    (file,) = load_study_file(path, [f"trials={trials}", "sampler=random"])
    (home() / file.study).mkdir(parents=True)
    record = StudyRecord.create(file)
    record.add_event("launch", code="none", code_source=None)
    for _ in range(trials):
        untrained(record, epochs=10, mi_z0_y=random(), x_mae=2 * random(), y_mae=random())
    projection = Projection(record, make_client())
    for contents in all_contents(record, live=False):
        projection.sync(contents)
    return projection.experiment


def measure(results: Results, options: Options) -> None:
    if reason := why_no_browser():
        raise CannotMeasureError(reason)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trials, rounds = (4, 1) if options.quick else (options.trials, options.rounds)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        os.environ["SYMRAY_HOME"] = str(scratch / "home")
        with mlflow_server(scratch) as uri:
            os.environ["MLFLOW_TRACKING_URI"] = uri
            number = write_study(trials, scratch)
            addresses = {
                "the study's view": experiment_link(uri, number),
                "MLflow's default view": f"{uri}/#/experiments/{number}/runs",
            }
            seconds: dict[str, list[float]] = {name: [] for name in addresses}
            with browser() as chromium:
                opened(
                    chromium, uri + f"/#/experiments/{number}/runs"
                )  # the server's first answers
                for _ in range(rounds):
                    for way, address in addresses.items():
                        seconds[way].append(opened(chromium, address))
    ours, default = seconds.values()
    ratios = [a / b for a, b in zip(ours, default, strict=True)]
    table = results.table(
        "table",
        f"From the address to the rows of a study of {trials} trials, medians of {rounds}",
        *(Column("view"), Column("time", "s", ".2f"), Column("of MLflow's default", "x", ".2f")),
    )
    table.add("the study's view", statistics.median(ours), statistics.median(ratios))
    table.add("MLflow's default view", statistics.median(default), 1)


def add_options(parser: Parser) -> None:
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)


if __name__ == "__main__":
    run(measure, add_options)
