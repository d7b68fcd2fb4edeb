import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from symray.study_file import commented_template, json_schema, load_study_file

Run = Callable[..., Result]

BROKEN = "\n\nclass Broken(MyVAE):\n    def posterior(self, x):\n        return 1 / 0\n"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_init_writes_the_template_and_never_over_a_file(run: Run) -> None:
    assert run("init").exit_code == 0
    assert Path("study.yaml").read_text() == commented_template()
    Path("mine.yaml").write_text("mine")
    result = run("init", "mine.yaml")
    assert result.exit_code == 2
    assert "mine.yaml exists already" in result.stderr
    assert Path("mine.yaml").read_text() == "mine"


def test_init_says_when_a_folder_is_missing(run: Run) -> None:
    result = run("init", "no/such/folder.yaml")
    assert result.exit_code == 2
    assert "can't be written" in result.stderr


def test_schema_is_json(run: Run) -> None:
    assert json.loads(run("schema").stdout) == json_schema()


def test_a_new_model_passes_its_checks_and_its_study_loads(run: Run) -> None:
    result = run("new", "model", "cli_lab")
    assert result.exit_code == 0
    checked = run("check", "cli_lab.models:MyVAE")
    assert checked.exit_code == 0, checked.output
    assert "checks passed" in checked.stdout
    (file,) = load_study_file("cli_lab.yaml")
    assert file.model == "cli_lab.models:MyVAE"
    assert run("new", "model", "cli_lab").exit_code == 2


def test_a_broken_model_fails_by_name(run: Run, tmp_path: Path) -> None:
    run("new", "model", "broken_lab")
    with Path("broken_lab/models.py").open("a") as file:
        file.write(BROKEN)
    folder = tmp_path / "elsewhere"
    Path("broken_lab").rename(folder.parent / "moved")
    (folder / "broken_lab").parent.mkdir()
    (tmp_path / "moved").rename(folder / "broken_lab")
    result = run("check", "broken_lab.models:Broken", "--code", folder / "broken_lab")
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert "ZeroDivisionError" in result.stdout


def test_check_of_what_is_no_model(run: Run) -> None:
    result = run("check", "nobody.models:MyVAE")
    assert result.exit_code == 2
    assert "nobody.models:MyVAE" in result.stderr
