"""MLflow's UI as `symray ui` starts it, and a real browser to look at it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
)
PATIENCE = 60_000
"""Milliseconds that a page may take."""

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"

_CLOSED = """
localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
"""
"""MLflow's assistant, a panel that a new browser opens by itself, beside everything else."""


def why_no_browser() -> str | None:
    """The reason to skip what needs a browser; None where there is one."""
    return None if CHROMIUM.exists() else f"no browser at {CHROMIUM} to look at MLflow's UI with"


@contextmanager
def served(home: Path, *names: str) -> Iterator[str]:
    """The address that ``symray ui NAMES`` prints; afterwards nothing of it may be left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "symray", "ui", *names],
        env=os.environ | {"SYMRAY_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    server: list[int] = []
    try:
        printed = process.stdout.readline().strip()
        assert printed, "it printed no link"
        server = _children(process.pid)
        assert server
        yield printed
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert process.returncode == 0
    assert not [pid for pid in server if Path(f"/proc/{pid}").exists()]


@contextmanager
def browser() -> Iterator[Browser]:
    """A new browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield started
        started.close()


@contextmanager
def new_page(browser: Browser) -> Iterator[Page]:
    """A page with an empty cache."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.add_init_script(_CLOSED)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield context.new_page()
    context.close()


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of a new browser."""
    with browser() as started, new_page(started) as page:
        yield page


def show(page: Page, address: str) -> None:
    """Load an address; another fragment alone would not load the page again."""
    page.goto("about:blank")
    page.goto(address)


def keep(page: Page, name: str) -> None:
    """Keep what a page shows as a picture, for people."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(1000)  # what is drawn is also animated
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def _children(pid: int) -> list[int]:
    """All processes below ``pid`` that main threads have started."""
    below = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return below + [further for child in below for further in _children(child)]
