"""From a study file to checked studies."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from symray.data import form_of
from symray.errors import UserError
from symray.study_file.layers import read_layers
from symray.study_file.problem import StudyFileError
from symray.study_file.resolve import resolve
from symray.study_file.rules import check
from symray.study_file.sentences import first_problem
from symray.study_file.study_file import StudyFile
from symray.study_file.suite import members
from symray.study_file.tree import Tree


def load_study_file(path: Path | str, overrides: Sequence[str] = ()) -> list[StudyFile]:
    """Read, resolve and check the studies of a file.

    Args:
        path: the file.
        overrides: ``KEY=VALUE`` with dotted keys, VALUE in YAML; they win over the file.

    Returns:
        One study, or one for each model of a ``suite``.

    Raises:
        UserError: anything wrong, as ``FILE:LINE: KEY: what is wrong and what to do``.
    """
    return [_study(tree) for tree in members(read_layers(Path(path), overrides))]


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
