"""Optuna's dashboard as `symray ui NAME --dashboard` serves it."""

import builtins
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright
from typer.testing import Result

from symray.errors import UserError
from symray.record.study_record import StudyRecord
from symray.report.dashboard import Dashboard

CHROMIUM = Path("/usr/bin/chromium")


def symray(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "symray", *words],
        env=os.environ
        | {"SYMRAY_HOME": str(home), "MLFLOW_TRACKING_URI": "http://mlflow.lab:5000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def address(_finished: Path) -> Iterator[str]:
    """The page that the command prints; Ctrl-C ends it at once."""
    process = symray(_finished, "ui", "finished", "--dashboard")
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert process.returncode == 0


def answer(address: str, path: str, method: str = "GET", body: Any = None) -> bytes:
    base = address.split("/dashboard")[0]
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        base + path, data, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        content: bytes = response.read()
    return content


def test_it_shows_values_constraints_attributes_and_figures(
    address: str, finished_study: StudyRecord
) -> None:
    detail = json.loads(answer(address, "/api/studies/0"))
    assert detail["objective_names"] == ["mi_z0_y"]
    for shown, trial in zip(detail["trials"], finished_study.trials(), strict=True):
        assert shown["values"] == trial.values
        assert len(shown["constraints"]) == 2
        assert max(shown["constraints"]) <= 0
        attributes = {item["key"]: item["value"] for item in shown["user_attrs"]}
        assert float(attributes["x_mae"]) == trial.user_attrs["metrics"]["x_mae"]
    best = detail["best_trials"][0]
    names = [item["filename"] for item in best["artifacts"]]
    assert "latent_space.png" in names
    picture = best["artifacts"][names.index("latent_space.png")]["artifact_id"]
    file = finished_study.trial_folder(best["number"]) / "figures" / "latent_space.png"
    path = f"/artifacts/0/{best['trial_id']}/{picture}"
    assert answer(address, path) == file.read_bytes()
    for linked in re.findall(r"/artifacts/0/[0-9a-f]+", detail["note"]["body"]):
        assert answer(address, linked)


def test_what_would_change_the_study_is_refused(address: str, finished_study: StudyRecord) -> None:
    before = (finished_study.folder / "optuna.journal").read_bytes()
    for method, path, body in (
        ("PUT", "/api/studies/0/note", {"version": 1, "body": "mine"}),
        ("POST", "/api/studies", {"study_name": "mine", "directions": ["minimize"]}),
        ("POST", "/api/trials/0/tell", {"state": "Fail"}),
        ("POST", "/api/studies/0/rename", {"study_name": "mine"}),
        ("DELETE", "/api/studies/0", {}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            answer(address, path, method, body)
        assert refused.value.code == 403
        assert "its driver alone" in json.loads(refused.value.read())["reason"]
    assert (finished_study.folder / "optuna.journal").read_bytes() == before
    with pytest.raises(urllib.error.HTTPError):
        answer(address, "/artifacts/0/0123456789abcdef")


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
def test_a_browser_shows_the_notes(address: str, finished_study: StudyRecord) -> None:
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(f"{address}/note")
        expect(page.get_by_role("heading", name="Leaderboard")).to_be_visible()
        expect(page.locator("img[src*='/artifacts/0/']").first).to_be_visible()
        page.goto(f"{address}/trials?numbers=1")
        expect(page.get_by_text("symray explain finished 1")).to_be_visible()
        run = (finished_study.trial_folder(1) / "mlflow_run_id").read_text()
        linked = page.get_by_role("link", name="its run in MLflow")
        expect(linked).to_have_attribute(
            "href", re.compile(rf"http://mlflow.lab:5000/#/runs/{run}")
        )
        browser.close()


@pytest.mark.parametrize("words", [(), ("a", "b"), ("finished", "--no-wait")])
def test_it_is_one_study_as_long_as_the_command_runs(
    words: tuple[str, ...], study_home: Path, run: Callable[..., Result]
) -> None:
    result = run("ui", *words, "--dashboard")
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "--dashboard shows one study as long as the command runs" in said


def test_where_it_is_missing_a_sentence_says_what_to_install(
    finished_study: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "optuna_dashboard":
            raise ImportError(name)
        return there(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"pip install 'symray\[dashboard\]'"):
        Dashboard(finished_study, 0, lambda run: None)
