"""A small file of molecules, encoded into a cache of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

ATOMS = "CNO"


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of prepared data."""
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def chains() -> Callable[[int], list[str]]:
    """Different molecules, chains of C, N and O, each written only once."""

    def chains(count: int) -> list[str]:
        found = []
        for number in range(3**7, 3**7 + 4 * count):
            digits = []
            while number:
                number, digit = divmod(number, 3)
                digits.append(ATOMS[digit])
            text = "".join(digits)
            if text <= text[::-1]:
                found.append(text)
        return found[:count]

    return chains
