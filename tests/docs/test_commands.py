"""Commands that the documentation shows: all are such as there are, and what is shown works.

A block of a terminal is run, line by line, beside the files that its page shows, unless a comment
above it says why not: ``<!-- not run: REASON -->``.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from symray.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+?) -->\n\s*)?```(?P<kind>\w*)(?: title=\"(?P<file>[^\"]+)\")?\n"
    r"(?P<text>.*?)```",
    re.DOTALL,
)
SLOW = {"tutorial.md"}


class Block(NamedTuple):
    kind: str
    file: str | None
    text: str
    why_not: str | None

    @property
    def commands(self) -> list[str]:
        """What is typed, without what is said of it."""
        lines = [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
        return [re.sub(r"\s{2,}#.*", "", line) for line in lines]


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.finditer(page.read_text()):
        yield Block(found["kind"], found["file"], found["text"], found["why"])


def shown(page: Path) -> list[str]:
    """Every command of symray on a page, in blocks and within lines."""
    text = page.read_text()
    inline = re.findall(r"`((?:\.venv/bin/)?symray [^`]+)`", BLOCK.sub("", text))
    indented = re.findall(r"^    (symray .+)$", text, flags=re.MULTILINE)
    typed = [command for block in blocks(page) for command in block.commands]
    return [c for c in (*inline, *indented, *typed) if c.split()[0].endswith("symray")]


def options_of(words: list[str]) -> tuple[str, set[str]]:
    """The command that ``words`` name, and the options that it has."""
    command: Any = typer.main.get_command(app)
    name = "symray"
    for word in words:
        if not hasattr(command, "commands"):
            break
        assert word in command.commands, f"'{name}' has no command '{word}'"
        command, name = command.commands[word], f"{name} {word}"
    return name, {option for one in command.params for option in one.opts} | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page: Path) -> None:
    for command in shown(page):
        words = [w.strip("[]") for w in shlex.split(command.split("|")[0])[1:]]
        if words and words[0].isupper():  # COMMAND, of which the line says something
            continue
        if words and not words[0].startswith("-"):
            name, known = options_of(words)
            given = [w.split("=")[0] for w in words if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", w)]
            assert [option for option in given if option not in known] == [], name


def pages_to_run() -> list[object]:
    runs = [page for page in PAGES if any(b.commands and not b.why_not for b in blocks(page))]
    marks = {page: [pytest.mark.slow] if page.name in SLOW else [] for page in runs}
    return [pytest.param(page, id=page.name, marks=marks[page]) for page in runs]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", pages_to_run())
def test_what_a_page_tells_to_type_works(page: Path, tmp_path: Path) -> None:
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": search, "SYMRAY_HOME": str(tmp_path / "runs")}
    bash = shutil.which("bash")
    assert bash
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text)
        if block.kind != "console" or block.why_not:
            continue
        for command in block.commands:
            found = subprocess.run(
                [bash, "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            refused = "\nError: " in block.text
            assert found.returncode == (2 if refused else 0), f"{command}\n{found.stderr}"
