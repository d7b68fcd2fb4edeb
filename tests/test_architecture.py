"""``docs/architecture.md`` and the code say the same; no folder and no file has grown too large."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from symray.insight.health.examine import OF_SURROUNDINGS, OF_TRIALS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
STEPS = re.findall(r"^\d+\. `(symray/[\w/]+\.py):([\w.]+)`", PAGE, flags=re.MULTILINE)
HOLDING = re.findall(r"`(test_\w+\.py):(test_\w+)`", PAGE)
MOST_LINES = 350
MOST_FILES = 25


def definitions(body: list[ast.stmt], within: str = "") -> set[str]:
    """Functions, classes and their members, as ``Class.method``."""
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(within + node.name)
        if isinstance(node, ast.ClassDef):
            found |= definitions(node.body, f"{within}{node.name}.")
    return found


def python_files() -> list[Path]:
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "*.py"]
    listing = subprocess.run(git, check=True, capture_output=True, text=True)
    return [Path(line) for line in listing.stdout.splitlines() if (ROOT / line).exists()]


def test_there_are_three_walks() -> None:
    begins = re.findall(r"^1\. `symray/", PAGE, flags=re.MULTILINE)
    assert len(begins) == 3
    assert len(STEPS) == len(re.findall(r"^\d+\. `", PAGE, flags=re.MULTILINE))


@pytest.mark.parametrize(("file", "name"), STEPS, ids=[":".join(step) for step in STEPS])
def test_a_step_of_a_walk_is_there(file: str, name: str) -> None:
    assert name in definitions(ast.parse((ROOT / file).read_text()).body)


@pytest.mark.parametrize(("file", "name"), HOLDING, ids=[name for _, name in HOLDING])
def test_a_test_that_the_page_names_is_there(file: str, name: str) -> None:
    (path,) = (ROOT / "tests").rglob(file)
    assert name in definitions(ast.parse(path.read_text()).body)


def test_the_rooms_are_the_folders() -> None:
    table = PAGE.split("## Rooms")[1].split("## Three walks")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `symray.")]
    named = [name for row in rows for name in re.findall(r"`symray\.(\w+)`", row.split("|")[1])]
    folders = {path.parts[1] for path in python_files() if path.parts[0] == "symray"}
    assert sorted(named) == sorted(name for name in folders if not name.endswith(".py"))


def test_files_are_short_and_folders_small() -> None:
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in python_files()}
    assert {path: n for path, n in lines.items() if n > MOST_LINES} == {}
    files = Counter(path.parent for path in lines)
    assert {folder: n for folder, n in files.items() if n > MOST_FILES} == {}


def test_every_check_of_health_is_a_row_of_its_page() -> None:
    page = (ROOT / "docs" / "health.md").read_text()
    rows = [line.split("|")[-2] for line in page.splitlines() if line.startswith("| ")]
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    assert {check.__module__.rsplit(".", 1)[1] for check in (*OF_TRIALS, *OF_SURROUNDINGS)} <= named
