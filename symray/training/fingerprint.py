"""Fingerprints of the code that trains: equal fingerprints mean equal sources."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import symray

_LAYERS = ("data", "metrics", "models", "networks", "training")


def code_fingerprint(folder: Path) -> str:
    """SHA-256 over names and contents of the ``.py`` files below ``folder``, sorted by path."""
    return _fingerprint(folder, folder.rglob("*.py"))


def symray_fingerprint() -> str:
    """The same over those of symray's own layers that decide what numbers come out of a trial."""
    root = Path(symray.__file__).parent
    return _fingerprint(root, (path for layer in _LAYERS for path in (root / layer).rglob("*.py")))


def _fingerprint(root: Path, paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in paths):
        total.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
