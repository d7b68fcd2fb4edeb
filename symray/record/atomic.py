"""Files that are there whole or not at all, whatever kills their writer or fills the disk."""

import json
import os
from pathlib import Path
from typing import Any

from symray.errors import UserError
from symray.record.forms import Check


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step; what was there stays when that fails."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def read_json(path: Path, check: Check) -> Any:
    """What :func:`write_atomically` has written as JSON; ``check`` as :func:`jsonl.read` takes it.

    Raises:
        UserError: no kill leaves this behind.
    """
    try:
        content = json.loads(path.read_bytes())
        check(content)
    except (ValueError, RecursionError):
        raise UserError(f"{path} is damaged; restore the file") from None
    return content
