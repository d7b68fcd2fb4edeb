"""Tables of the documentation that are made from the code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from symray.data import DATA_SETS
from symray.metrics import METRICS
from symray.models.registry import MODELS
from symray.study_file import json_schema
from symray.training.settings import ARCHITECTURE_SETTINGS, TRAINING_SETTINGS, Setting


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, line by line."""
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    yield from (
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows
    )


def _metrics() -> Iterator[str]:
    rows = [
        [
            f"`{name}`",
            metric.summary,
            "lower" if metric.direction == "minimize" else "higher",
            _data_of(metric.x, metric.y),
            "yes" if metric.cheap else "when named" if metric.costly else "",
            "yes" if metric.invariance else "",
        ]
        for name, metric in METRICS.items()
    ]
    header = ("metric", "what it measures", "better", "data", "every epoch", "needs constraints")
    return table(header, rows)


def _data_of(x: str | tuple[str, ...] | None, y: str | None) -> str:
    kinds = [x] if isinstance(x, str) else list(x or ())
    return ", ".join([*kinds, *([f"with {y}"] if y else [])])


def _settings(settings: Mapping[str, Setting]) -> Iterator[str]:
    rows = [
        [f"`{name}`", setting.help, "" if setting.default is None else f"{setting.default:g}"]
        for name, setting in settings.items()
    ]
    return table(("setting", "what it is", "default"), rows)


def _models() -> Iterator[str]:
    rows = [
        [
            f"`{name}`",
            f"{{py:class}}`~{model.__module__}.{model.__name__}`",
            ", ".join(f"`{key}` {value:g}" for key, value in model.hyperparameters.items()),
            "yes" if model.predicts_y else "",
            "yes" if model.splits else "",
        ]
        for name, model in MODELS.items()
    ]
    return table(("name", "class", "weights and their defaults", "predicts Y", "splits Z"), rows)


def _data_sets() -> Iterator[str]:
    rows = [[f"`{name}`", cls.form.x, cls.summary] for name, cls in DATA_SETS.items()]
    return table(("name", "X", "what it is"), rows)


def _study_file() -> Iterator[str]:
    schema = json_schema()
    rows = [
        [f"`{name}`", _kind(entry, schema), entry.get("description", ""), _default(entry)]
        for name, entry in schema["properties"].items()
    ]
    yield from table(("key", "kind", "what it is", "default"), rows)
    for name, section in sorted(schema["$defs"].items()):
        yield f"\n### {name}\n"
        yield f"{' '.join(section.get('description', '').split())}\n"
        keys = [
            [f"`{key}`", _kind(entry, schema), entry.get("description", ""), _default(entry)]
            for key, entry in section["properties"].items()
        ]
        yield from table(("key", "kind", "what it is", "default"), keys)


def _kind(entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in entry:
        name = entry["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in entry:
            kinds = [_kind(one, schema) for one in entry[several] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    if "enum" in entry or "const" in entry:
        return ", ".join(f"`{value}`" for value in entry.get("enum", [entry.get("const")]))
    return {
        "object": "mapping",
        "array": "list",
        "integer": "whole number",
        "boolean": "true or false",
        "string": "text",
    }.get(entry.get("type", ""), str(entry.get("type", "")))


def _default(entry: Mapping[str, Any]) -> str:
    value = entry.get("default")
    if value is None or isinstance(value, dict | list):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "data-sets": _data_sets,
    "metrics": _metrics,
    "models": _models,
    "study-file": _study_file,
    "settings-of-training": lambda: _settings(TRAINING_SETTINGS),
    "settings-of-architecture": lambda: _settings(ARCHITECTURE_SETTINGS),
}
"""By the name that a page gives."""
