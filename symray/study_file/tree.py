"""YAML as plain values that remember in which file and line each key stands."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from symray.errors import UserError, shortened
from symray.study_file.problem import KeyPath, StudyFileError
from symray.study_file.scalars import scalar

_DEEPEST = 8  # deeper than any study file, and what ends an alias that contains itself
_MOST = 20_000  # values, of which aliases of aliases make millions in a few lines
_LARGEST = 1_000_000  # bytes
_LONGEST = 290  # characters of a sentence
_MERGE = "tag:yaml.org,2002:merge"


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
        words: how a value is written that isn't its own text: ``no``, which is false, or ``1.10``.
    """

    source: str
    values: dict[str, Any]
    places: dict[KeyPath, str]
    words: dict[KeyPath, str] = field(default_factory=dict)

    def error(self, problem: StudyFileError) -> UserError:
        """``problem`` as one sentence with the place of its key, or of the nearest key to it."""
        key = f"{shortened(dotted(problem.path))}: " if problem.path else ""
        sentence, word = problem.sentence, self.words.get(problem.path)
        if word is not None and "must be a text" in sentence:
            sentence += f"; '{shortened(word)}' is no text to YAML, put it in quotes"
        begin = f"{shortened(self.place(problem.path), 150)}: {key}"
        return UserError(begin + shortened(sentence, max(120, _LONGEST - len(begin))))

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
        if path.stat().st_size > _LARGEST:
            raise UserError(f"{path}: is larger than any study file; is it the data?")
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader=_Loader)
    except RecursionError:
        raise UserError(f"{path}: nested deeper than any study file") from None
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such study file") from None
    except OSError as error:
        raise UserError(f"{shortened(path, 150)}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text in UTF-8, as a study file must be") from None
    except ValueError as error:
        raise UserError(f"{shortened(repr(str(path)), 150)}: can't be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = shortened(error.problem, 120)
        raise UserError(f"{path}:{line}: not valid YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{path}:1: a study file consists of keys and values, as in study: NAME")
    reader = _Reader(str(path))
    values = reader.value(node, ())
    return Tree(str(path), values, reader.places, reader.words)


def read_value(text: str) -> Any:
    """One YAML value, as after ``--set KEY=``.

    Raises:
        ValueError: it isn't YAML, or is written so that it may be misread.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        if isinstance(node, yaml.ScalarNode):
            return scalar(node, _Loader(""))
        return None if node is None else _Reader("").value(node, ())
    except UserError as error:
        raise ValueError(str(error).partition(": ")[2]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"'{shortened(text)}' is not a YAML value") from error


class _Reader:
    """Turns YAML nodes into values and notes the lines of keys."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.places: dict[KeyPath, str] = {}
        self.words: dict[KeyPath, str] = {}
        self._seen = 0

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self._seen += 1
        if self._seen > _MOST:
            raise UserError(f"{self.source}:{line}: more values than any study file has")
        self.places.setdefault(path, f"{self.source}:{line}")
        if len(path) > _DEEPEST:
            raise UserError(f"{self.source}:{line}: nested deeper than any study file")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        assert isinstance(node, yaml.ScalarNode)
        try:
            value = scalar(node, _Loader(""))
        except ValueError as error:
            key = f"{shortened(dotted(path))}: " if path else ""
            raise UserError(f"{self.source}:{line}: {key}{error}") from None
        if str(value) != node.value:
            self.words[path] = node.value
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged = [child for key, child in node.value if key.tag == _MERGE]
        for child in merged:
            for one in child.value if isinstance(child, yaml.SequenceNode) else [child]:
                if not isinstance(one, yaml.MappingNode):
                    line = child.start_mark.line + 1
                    raise UserError(
                        f"{self.source}:{line}: << takes a mapping or a list of them, as in "
                        "<<: *name"
                    )
                below = self.value(one, path)  # the first of several wins
                result = {**below, **result}
        own: set[str] = set()
        for key_node, child in node.value:
            place = f"{self.source}:{key_node.start_mark.line + 1}"
            key = key_node.value
            if key_node.tag == _MERGE:
                continue
            if not isinstance(key, str):
                raise UserError(f"{place}: a key must be a plain word")
            if key in own:
                first = self.places[(*path, key)].rpartition(":")[2]
                raise UserError(
                    f"{place}: {shortened(dotted((*path, key)))}: stands here a second time, "
                    f"first in line {first}; keep one of the two"
                )
            own.add(key)
            self.places[(*path, key)] = place
            result[key] = self.value(child, (*path, key))
        return result
