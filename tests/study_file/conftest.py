"""A short study file, its keys replaceable one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from symray.study_file import StudyFile, load_study_file

KEYS = {
    "study": "study: s",
    "model": "model: stib",
    "data": "data: artificial",
    "search": "search: {beta: {low: 1, high: 1000, log: true}}",
    "constraints": 'constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]',
}

Write = Callable[..., Path]
Load = Callable[..., list[StudyFile]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes ``s.yaml`` into the current folder: one line per key, then ``extra`` from line 6."""
    monkeypatch.chdir(tmp_path)

    def write(extra: str = "", name: str = "s.yaml", **keys: str) -> Path:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("\n".join([*{**KEYS, **keys}.values(), extra]) + "\n")
        return Path(name)

    return write


@pytest.fixture
def load(write: Write) -> Load:
    """Writes and loads."""
    return lambda extra="", overrides=(), **keys: load_study_file(write(extra, **keys), overrides)
