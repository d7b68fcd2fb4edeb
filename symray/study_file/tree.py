"""YAML as plain values that remember in which file and line each key stands."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from symray.errors import UserError
from symray.study_file.problem import KeyPath, StudyFileError

_DEEPEST = 8  # deeper than any study file, and what ends an alias that contains itself


class _Loader(yaml.SafeLoader):
    """YAML 1.1 with the numbers of YAML 1.2: ``1e-3`` is a number, not a text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+"), list("-+0123456789")
)


@dataclass(frozen=True)
class Tree:
    """A study file's values and where they come from.

    Attributes:
        source: the file, for what has no line of its own.
        values: mappings, lists and scalars as YAML gives them.
        places: ``FILE:LINE`` (or ``--set KEY=VALUE``) of each key path.
    """

    source: str
    values: dict[str, Any]
    places: dict[KeyPath, str]

    def error(self, problem: StudyFileError) -> UserError:
        """``problem`` as one sentence with the place of its key, or of the nearest key to it."""
        key = f"{dotted(problem.path)}: " if problem.path else ""
        return UserError(f"{self.place(problem.path)}: {key}{problem.sentence}")

    def place(self, path: KeyPath) -> str:
        """Where ``path`` stands, or the nearest key to it: an override has no lines."""
        above = [self.places[path[:n]] for n in range(1, len(path) + 1) if path[:n] in self.places]
        below = [place for key, place in self.places.items() if path and key[: len(path)] == path]
        return (above[-1:] + below + [self.source])[0]


def dotted(path: KeyPath) -> str:
    """A key path in words: ``search.beta.choice[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_tree(path: Path) -> Tree:
    """Read one file.

    Raises:
        UserError: it can't be read, isn't YAML or a mapping, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=_Loader)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such study file") from None
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text in UTF-8, as a study file must be") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}:{line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{path}:1: a study file consists of keys and values, as in study: NAME")
    places: dict[KeyPath, str] = {}
    values = _Reader(str(path), places).value(node, ())
    return Tree(str(path), values, places)


def read_value(text: str) -> Any:
    """One YAML value, as after ``--set KEY=``.

    Raises:
        ValueError: it isn't YAML.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        return None if node is None else _Reader("", {}).value(node, ())
    except (yaml.YAMLError, UserError) as error:
        raise ValueError(f"'{text}' is not a YAML value") from error


class _Reader:
    """Turns YAML nodes into values and notes the lines of keys."""

    def __init__(self, source: str, places: dict[KeyPath, str]) -> None:
        self.source = source
        self.places = places

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self.places.setdefault(path, f"{self.source}:{line}")
        if len(path) > _DEEPEST:
            raise UserError(f"{self.source}:{line}: nested deeper than any study file")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        try:
            return _Loader("").construct_object(node)
        except (yaml.YAMLError, ValueError):
            raise UserError(f"{self.source}:{line}: '{node.value}' is no plain value") from None

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, child in node.value:
            place = f"{self.source}:{key_node.start_mark.line + 1}"
            key = key_node.value
            if not isinstance(key, str):
                raise UserError(f"{place}: a key must be a plain word")
            if key in result:
                first = self.places[(*path, key)].rpartition(":")[2]
                raise UserError(
                    f"{place}: {dotted((*path, key))}: stands here a second time, first in line "
                    f"{first}; keep one of the two"
                )
            self.places[(*path, key)] = place
            result[key] = self.value(child, (*path, key))
        return result
