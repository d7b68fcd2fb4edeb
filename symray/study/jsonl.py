"""Append-only JSON lines that survive a process killed in the middle of a line."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def append(path: Path, items: Iterable[Mapping[str, Any]]) -> None:
    """Append one line per item in one write; non-finite numbers as Python's json reads them."""
    text = "".join(json.dumps(item) + "\n" for item in items)
    with path.open("ab") as file:
        file.write(text.encode())


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines; a missing file is empty, an unfinished last line is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(True) if line.endswith(b"\n")]


def trim(path: Path) -> None:
    """Cut off an unfinished last line, so that what is appended next starts a line of its own.

    Only the one writer of ``path`` may call it.
    """
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("rb+") as file:
            file.truncate(whole)
