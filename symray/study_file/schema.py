"""The study file's JSON Schema: what an editor completes and checks while one is written."""

from typing import Any

from symray.data import FORMS
from symray.metrics.catalogue import METRICS
from symray.models.design import Design
from symray.models.registry import MODELS
from symray.study_file.directives import DIRECTIVES
from symray.study_file.study_file import StudyFile
from symray.training.settings import Setting, settings_of


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a study file.

    No key is required, because each may come from the file that ``extends`` names.
    """
    schema = StudyFile.model_json_schema()
    properties: dict[str, Any] = schema["properties"]
    del schema["required"]
    settings = _settings()
    for section in ("training", "search"):
        # a null drops what the extended file sets
        entry = {"anyOf": [properties[section]["additionalProperties"], {"type": "null"}]}
        properties[section]["additionalProperties"] = entry
        properties[section]["properties"] = {
            name: {**entry, "description": setting.help} for name, setting in settings.items()
        }
    properties["objectives"]["properties"] = {
        name: {"const": metric.direction, "description": metric.summary}
        for name, metric in METRICS.items()
    }
    models = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    properties["extends"] = {"type": "string", "description": DIRECTIVES["extends"]}
    properties["suite"] = {**models, "description": DIRECTIVES["suite"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "symray study file",
    }


def _settings() -> dict[str, Setting]:
    """Settings of all built-in models on all kinds of data; an own model may have others."""
    designs = [Design(model, form) for model in MODELS.values() for form in FORMS]
    return {name: s for design in designs for name, s in settings_of(design).items()}
