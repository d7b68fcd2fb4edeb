"""The study files that come with symray, in a checkout and in an installed package alike."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml

from symray.errors import UserError, nearest

FOLDER = Path(__file__).parents[1] / "shipped"
"""A link to ``studies`` in a checkout; a folder in a wheel."""


def shipped_studies() -> dict[str, str]:
    """What each study file is, by its name, as ``artificial/stib``: the sentence it begins with."""
    return {
        path.relative_to(FOLDER).with_suffix("").as_posix(): _first_sentence(path)
        for path in sorted(FOLDER.glob("**/*.yaml"))
        if "study" in _content(path)
    }


def copy_study(name: str, folder: Path) -> Path:
    """Copy study file ``name``, and what it extends, into a folder, to be changed at will.

    Returns:
        The copy.

    Raises:
        UserError: there is no such file, one stands there already, or it can't be written.
    """
    known = shipped_studies()
    if name not in known:
        raise UserError(f"no study file '{name}' comes with symray{nearest(name, known)}")
    path = FOLDER / f"{name}.yaml"
    files = list(_with_bases(path))
    for source in files:
        target = folder / source.name
        if target.exists() and target.read_bytes() != source.read_bytes():
            raise UserError(f"{target} exists already; name another folder with --to or remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in files:
            shutil.copyfile(source, folder / source.name)
    except OSError as error:
        raise UserError(f"{folder}: can't be written: {error.strerror}") from None
    return folder / path.name


def _with_bases(path: Path) -> Iterator[Path]:
    """The file, and what it extends: all of them lie in one folder."""
    yield path
    base = _content(path).get("extends")
    if base is not None:
        yield from _with_bases(path.parent / base)


def _content(path: Path) -> dict[str, str]:
    content: dict[str, str] = yaml.safe_load(path.read_text())
    return content


def _first_sentence(path: Path) -> str:
    lines = path.read_text().splitlines()
    comment = " ".join(line.lstrip("# ") for line in lines[: _comments(lines)])
    return comment.partition(". ")[0].rstrip(".")


def _comments(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
