"""From a study file to checked studies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from symray.data import form_of
from symray.errors import UserError
from symray.study_file.layers import Overrides, read_layers
from symray.study_file.problem import StudyFileError
from symray.study_file.resolve import resolve
from symray.study_file.rules import check
from symray.study_file.sentences import first_problem
from symray.study_file.study_file import StudyFile
from symray.study_file.suite import members
from symray.study_file.tree import Tree


def load_study_file(
    file: Path | str | Mapping[str, Any], overrides: Overrides = ()
) -> list[StudyFile]:
    """Read, resolve and check the studies of a file.

    Args:
        file: the file, or what stands in it.
        overrides: ``KEY=VALUE`` with dotted keys, VALUE in YAML, or values by dotted keys; they
            win over the file.

    Returns:
        One study, or one for each model of a ``suite``.

    Raises:
        UserError: anything wrong, as ``FILE:LINE: KEY: what is wrong and what to do``.
    """
    content = file if isinstance(file, Mapping) else Path(file)
    return [_study(tree) for tree in members(read_layers(content, overrides))]


def study_of(tree: Tree) -> StudyFile:
    """The study of a tree, its keys and the form of its data checked and nothing else.

    Raises:
        UserError: a key or a value is wrong.
    """
    try:
        file = StudyFile.model_validate(tree.values)
    except ValidationError as error:
        raise tree.error(first_problem(error)) from None
    try:
        form_of(file.data_spec())
    except UserError as error:
        raise tree.error(StudyFileError(("data",), str(error))) from None
    return file


def _study(tree: Tree) -> StudyFile:
    file = study_of(tree)
    try:
        file.design()
    except UserError as error:
        sentence = str(error).removeprefix(f"model '{file.model}': ")
        raise tree.error(StudyFileError(("model",), sentence)) from None
    try:
        file = resolve(file)
        check(file)
    except StudyFileError as problem:
        raise tree.error(problem) from None
    return file
