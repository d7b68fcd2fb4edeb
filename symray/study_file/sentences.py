"""pydantic's findings in our words."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from symray.errors import nearest
from symray.study_file.directives import DIRECTIVES
from symray.study_file.entries import Choice, Range
from symray.study_file.options import (
    Checkpoints,
    Confirmation,
    ImagesData,
    MoleculesData,
    NpzData,
    Pruner,
    Resources,
    Sampler,
    SpritesData,
)
from symray.study_file.problem import KeyPath, StudyFileError
from symray.study_file.study_file import LONGEST_NAME, StudyFile

SECTIONS: dict[str, type[BaseModel]] = {
    "sampler": Sampler,
    "pruner": Pruner,
    "resources": Resources,
    "confirmation": Confirmation,
    "checkpoints": Checkpoints,
}

DATA: dict[int | str, list[type[BaseModel]]] = {
    "(images)": [ImagesData],
    "(dsprites)": [SpritesData],
    "(csv)": [MoleculesData],
    "(npz)": [NpzData, ImagesData, SpritesData, MoleculesData],  # and of what is none of them
}
"""Sections that ``data`` may be, by pydantic's tag."""

_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "smaller than"),
    "less_than_equal": ("le", "at most"),
}

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "path_type": "the name of a file or folder",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "finite_number": "a finite number",
    "too_short": "a list with at least one value",
}

_WANTED: dict[int | str, str] = {
    "data": "a data set's name, {npz: FILE, ...}, {csv: FILE, ...} or {dsprites: [...]}",
    "sampler": "a sampler's name or a mapping of its options",
    "pruner": "a pruner's name or a mapping of its options",
    "reference": "true, false or a mapping of settings to values",
}
"""What keys may be that take more than one kind of value."""


def first_problem(error: ValidationError) -> StudyFileError:
    """The first finding of validating a :class:`StudyFile`, misspelt keys before all others."""
    details = error.errors(include_url=False)
    found = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    path = _key_path(found["loc"])
    return StudyFileError(path, _sentence(found, path))


def _sentence(found: ErrorDetails, path: KeyPath) -> str:
    beside = _keys_beside(path, found["loc"])
    kind, value, context = found["type"], _shown(found["input"]), found.get("ctx", {})
    if kind == "extra_forbidden" and path[0] == "search" and path[-1] in beside:
        return "stands beside a choice; keep either {low: ..., high: ...} or {choice: [...]}"
    if kind == "extra_forbidden":
        return f"there is no such key{nearest(str(path[-1]), beside)}"
    if kind == "missing":
        return f"missing: {_description(path, found['loc'])}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        return f"{value} is not allowed{nearest(str(found['input']), allowed)}"
    if kind == "string_pattern_mismatch" and len(str(found["input"])) > LONGEST_NAME:
        length = len(str(found["input"]))
        return f"{value} has {length} characters; a name may have {LONGEST_NAME}"
    if kind == "string_pattern_mismatch":
        return f"{value} is no name; use letters, digits, - _ . and begin with a letter or digit"
    if kind in _BOUNDS:
        limit, relation = _BOUNDS[kind]
        return f"must be {relation} {context[limit]:g}, not {value}"
    if kind.startswith("model_") and path[0] == "search":
        return f"must be {{low: ..., high: ...}} or {{choice: [...]}}, not {value}"
    if len(path) == 1 and path[0] in _WANTED:
        return f"must be {_WANTED[path[0]]}, not {value}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {value}"
    return f"{found['msg']}, not {value}"


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _key_path(loc: tuple[int | str, ...]) -> KeyPath:
    """``loc`` without the tags that pydantic adds for the members of a union."""
    return tuple(part for part in loc if not str(part).startswith("("))


def _section(path: KeyPath, loc: KeyPath) -> Iterable[type[BaseModel]]:
    """The models whose key ``path`` may be, at pydantic's ``loc``."""
    if len(path) == 1:
        return [StudyFile]
    if path[0] == "data":
        return next(sections for tag, sections in DATA.items() if tag in loc)
    if path[0] == "search":
        return [Range, Choice]
    return [SECTIONS[str(path[0])]] if path[0] in SECTIONS else []


def _keys_beside(path: KeyPath, loc: KeyPath) -> list[str]:
    names = [name for section in _section(path, loc) for name in section.model_fields]
    return [*dict.fromkeys(names)] + (list(DIRECTIVES) if len(path) == 1 else [])


def _description(path: KeyPath, loc: KeyPath) -> str | None:
    fields = {k: f for section in _section(path, loc) for k, f in section.model_fields.items()}
    return fields[str(path[-1])].description
