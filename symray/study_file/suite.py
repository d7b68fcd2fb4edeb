"""A comparison: one study per model of a ``suite``, alike in everything that all models have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from symray.data import form_of
from symray.errors import UserError
from symray.metrics.catalogue import METRICS
from symray.models.design import Design
from symray.models.registry import model_class
from symray.study_file.problem import StudyFileError
from symray.study_file.tree import Tree
from symray.training.evaluation import metric_names
from symray.training.settings import settings_of


def members(tree: Tree) -> list[Tree]:
    """The studies of ``tree``: itself, or ``NAME-MODEL`` for each model of its suite.

    What only some of the models have - a searched or fixed setting, a constraint on the Y of models
    that predict it - is left out for the others.

    Raises:
        UserError: the suite isn't a list of different models, or stands beside a ``model``.
    """
    if "suite" not in tree.values:
        return [tree]
    names = _names(tree)
    designs = [_design(tree, i, name) for i, name in enumerate(names)]
    return [_member(tree, i, name, designs) for i, name in enumerate(names)]


def _names(tree: Tree) -> list[str]:
    suite = tree.values["suite"]
    if "model" in tree.values:
        raise tree.error(StudyFileError(("suite",), "stands beside a model; keep one of the two"))
    if not isinstance(suite, list) or not suite or not all(isinstance(n, str) for n in suite):
        raise tree.error(StudyFileError(("suite",), "must be a list of models, as in [stib, vae]"))
    for i, name in enumerate(suite):
        if _short(name) in map(_short, suite[:i]):
            raise tree.error(
                StudyFileError(("suite", i), f"{_short(name)} stands twice in the suite")
            )
    return suite


def _short(model: str) -> str:
    return model.rpartition(":")[2]


def _design(tree: Tree, index: int, name: str) -> Design:
    try:
        code = tree.values.get("code")
        cls = model_class(name, Path(code) if isinstance(code, str) else None)
    except UserError as error:
        raise tree.error(StudyFileError(("suite", index), str(error))) from None
    data = tree.values.get("data")
    try:
        return Design(cls, form_of(data if isinstance(data, dict) else str(data)))
    except UserError as error:
        raise tree.error(StudyFileError(("data",), str(error))) from None


def _member(tree: Tree, index: int, name: str, designs: list[Design]) -> Tree:
    known = [settings_of(design).keys() for design in designs]
    others = set().union(*known) - known[index]
    values = {key: value for key, value in tree.values.items() if key != "suite"}
    places = {**tree.places, ("model",): tree.place(("suite", index))}
    values["model"] = name
    if isinstance(values.get("study"), str):
        values["study"] = f"{values['study']}-{_short(name)}"
    for section in ("training", "search", "reference"):
        if isinstance(values.get(section), dict):
            values[section] = {k: v for k, v in values[section].items() if k not in others}
    if isinstance(values.get("constraints"), list):
        # what a constraint's place says must still be the line where it stands
        kept = list(_constraints_of(values["constraints"], designs[index], designs))
        values["constraints"] = [text for _, text in kept]
        for new, (old, _) in enumerate(kept):
            places["constraints", new] = tree.place(("constraints", old))
    return Tree(tree.source, values, places, tree.words)


def _constraints_of(
    constraints: list[Any], design: Design, designs: list[Design]
) -> Iterator[tuple[int, Any]]:
    lacking = METRICS.keys() | set().union(*map(metric_names, designs))
    lacking -= metric_names(design)
    for i, text in enumerate(constraints):
        if not (isinstance(text, str) and text.split()[:1] and text.split()[0] in lacking):
            yield i, text
