"""One study file from several: what it ``extends``, and what overrides it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symray.data.reading import is_file
from symray.errors import UserError, shortened
from symray.folders import expanded
from symray.study_file.problem import KeyPath, StudyFileError
from symray.study_file.tree import Tree, read_tree, read_value
from symray.study_file.values import value_tree

_MOST_BASES = 20
_PATHS: tuple[KeyPath, ...] = (("code",), ("data", "npz"), ("data", "csv"))


Overrides = Sequence[str] | Mapping[str, Any]
"""``KEY=VALUE`` as after ``--set``, or values by key; dots lead into sections."""


def read_layers(file: Path | Mapping[str, Any], overrides: Overrides) -> Tree:
    """The file, or its values, over what it extends, under ``overrides``; a null removes its key.

    Paths in a file are relative to it, those of values and overrides to the current folder.

    Raises:
        UserError: a file can't be read, extends itself, or an override isn't ``KEY=VALUE``.
    """
    if isinstance(file, Mapping):
        tree = _with_bases(value_tree(file), Path(), ())
    else:
        tree = _with_bases(read_tree(file), file.parent, (file.resolve(),))
    return read_overrides(tree, overrides)


def read_overrides(tree: Tree, overrides: Overrides) -> Tree:
    """``tree`` under ``overrides``; a null removes its key.

    Raises:
        UserError: one isn't ``KEY=VALUE``.
    """
    if isinstance(overrides, Mapping):
        above = [_override_value(key, value) for key, value in overrides.items()]
    else:
        above = [_override(text) for text in overrides]
    for layer in above:
        tree = _over(layer, tree, tree.source)
    return Tree(tree.source, _without_nulls(tree.values), tree.places, tree.words)


def _with_bases(tree: Tree, folder: Path, chain: tuple[Path, ...]) -> Tree:
    if len(chain) > _MOST_BASES:
        raise tree.error(StudyFileError(("extends",), f"is the {len(chain)}th file of a chain"))
    _resolve_paths(tree.values, folder)
    base = tree.values.pop("extends", None)
    if base is None:
        return tree
    if not isinstance(base, str):
        raise tree.error(
            StudyFileError(("extends",), f"must name one file, not {shortened(repr(base))}")
        )
    base_path = folder / expanded(base, "extends")
    if not is_file(base_path):
        there = shortened(repr(str(base_path))[1:-1], 120)
        raise tree.error(StudyFileError(("extends",), f"there is no file {there}"))
    if base_path.resolve() in chain:
        raise tree.error(
            StudyFileError(("extends",), f"{base} extends this file in turn; break the ring")
        )
    below = _with_bases(read_tree(base_path), base_path.parent, (*chain, base_path.resolve()))
    return _over(tree, below, tree.source)


def _override(text: str) -> Tree:
    key, equals, value_text = text.partition("=")
    place = f"--set {shortened(text)}"
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise UserError(f"{place}: write --set KEY=VALUE, as in --set training.epochs=5")
    if parts[0] == "extends":
        raise UserError(f"{place}: extends belongs into the file; override single keys here")
    try:
        value = read_value(value_text)
    except ValueError as error:
        raise UserError(f"{place}: {key}: {error}") from None
    places: dict[KeyPath, str] = {tuple(parts): place}
    return _nested(place, parts, value, places)


def _override_value(key: str, value: Any) -> Tree:
    place = f"{shortened(key)}=..."
    parts = key.split(".")
    if parts[0] == "extends":
        raise UserError(f"{place}: extends belongs into the file; override single keys here")
    values = value_tree({"": value}).values[""]
    return _nested(place, parts, values, {tuple(parts): place})


def _nested(place: str, parts: Sequence[str], value: Any, places: dict[KeyPath, str]) -> Tree:
    for part in reversed(parts):
        value = {part: value}
    _resolve_paths(value, Path())
    return Tree(place, value, places)


def _resolve_paths(values: dict[str, Any], folder: Path) -> None:
    for *above, last in _PATHS:
        section: Any = values
        for part in above:
            section = section.get(part) if isinstance(section, dict) else None
        if isinstance(section, dict) and isinstance(section.get(last), str):
            if "\0" in section[last]:
                continue  # no file can be called so, and that is said later
            section[last] = str((folder / expanded(section[last], str(last))).resolve())


def _over(top: Tree, base: Tree, source: str) -> Tree:
    """``top`` merged over ``base``; what is replaced loses its places, too."""
    places = dict(base.places)
    values = _merge(top.values, base.values, (), places)
    return Tree(source, values, places | top.places, base.words | top.words)


def _merge(top: Any, base: Any, path: KeyPath, places: dict[KeyPath, str]) -> Any:
    # a range does not turn into a choice (or back) key by key
    if isinstance(top, dict) and isinstance(base, dict) and ("choice" in top) == ("choice" in base):
        merged = dict(base)
        for key, value in top.items():
            merged[key] = _merge(value, base.get(key), (*path, key), places)
        return merged
    for key in [key for key in places if key[: len(path)] == path]:
        del places[key]
    return top


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(child) for key, child in value.items() if child is not None}
    return value
