"""Python values as a study file would have them: the same words for the same mistakes."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from symray.errors import UserError, shortened
from symray.study_file.entries import Section
from symray.study_file.tree import Tree


def value_tree(values: Mapping[str, Any]) -> Tree:
    """The tree of a study that is given as values, copied.

    Raises:
        UserError: a key is no text.
    """
    tree: dict[str, Any] = _plain(values)
    return Tree("study", tree, {})


def _plain(value: Any) -> Any:
    """``value`` as YAML would have given it."""
    if isinstance(value, Section):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise UserError(f"study: a key must be a text, not {shortened(repr(key))}")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    return value
