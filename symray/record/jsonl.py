"""Append-only JSON lines that survive a process killed in the middle of a line."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symray.errors import UserError
from symray.record.forms import Check


def append(path: Path, items: Iterable[Mapping[str, Any]]) -> None:
    """Append one line per item in one write; non-finite numbers as Python's json reads them."""
    text = "".join(json.dumps(item) + "\n" for item in items)
    with path.open("ab") as file:
        file.write(text.encode())


def read(path: Path, check: Check | None = None) -> list[dict[str, Any]]:
    """All whole lines; a missing file is empty, an unfinished last line is left out.

    Args:
        path: the file.
        check: raises ValueError for a line that isn't what it should be.

    Raises:
        UserError: a line that no kill leaves behind.
    """
    if not path.exists():
        return []
    items, lines = [], path.read_bytes().split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            item = json.loads(line)
            if check is not None:
                check(item)
            items.append(item)
        except (ValueError, RecursionError):
            raise UserError(
                f"{path}:{number}: this line is damaged; restore the file, or remove the line"
            ) from None
    return items


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
