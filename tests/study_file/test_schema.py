"""The JSON Schema describes what the loader reads."""

from typing import Any

import jsonschema
import pytest
import yaml

from symray.metrics import METRICS
from symray.study_file import commented_template, json_schema
from symray.training.settings import TRAINING_SETTINGS

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def _said(text: str) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_described():
    def undescribed(schema: dict[str, Any]) -> list[str]:
        return [name for name, key in schema["properties"].items() if not key.get("description")]

    for section in [SCHEMA, *SCHEMA["$defs"].values()]:
        assert undescribed(section) == []


def test_it_knows_settings_and_metrics():
    assert TRAINING_SETTINGS.keys() < SCHEMA["properties"]["training"]["properties"].keys()
    assert "beta" in SCHEMA["properties"]["search"]["properties"]
    assert SCHEMA["properties"]["objectives"]["properties"].keys() == METRICS.keys()


@pytest.mark.parametrize(
    "text",
    [
        commented_template().replace("null", "1"),
        "extends: base.yaml",
        "{suite: [stib, vae], time_limit: 2h, checkpoints: {every: 5}}",
        "{sampler: grid, pruner: {name: median}, reference: {beta: 4}}",
        "{search: {mine: {choice: [1, 2.5]}, beta: null}, data: {npz: a.npz}}",
    ],
)
def test_it_accepts(text):
    assert _said(text.replace("code: 1", "code: lab")) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("trails: 5", "$"),
        ("trials: 0", "$.trials"),
        ("study: a b", "$.study"),
        ("preset: papr", "$.preset"),
        ("sampler: tpf", "$.sampler"),
        ("search: {beta: {low: 1}}", "$.search.beta"),
        ("objectives: {mi_z0_y: maximize}", "$.objectives.mi_z0_y"),
        ("constraints: ['x_mae < 1']", "$.constraints[0]"),
        ("training: {epochs: five}", "$.training.epochs"),
        ("resources: {gpu: -1}", "$.resources.gpu"),
        ("suite: []", "$.suite"),
    ],
)
def test_it_refuses(text, where):
    assert where in _said(text)
