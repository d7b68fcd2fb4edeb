"""The study file: read, merged, checked and resolved, with one sentence for every mistake."""

from symray.study_file.constraint import NO_VALUE, Constraint
from symray.study_file.entries import Choice, Entry, Range
from symray.study_file.load import load_study_file
from symray.study_file.options import (
    Checkpoints,
    Confirmation,
    NpzData,
    Pretraining,
    Pruner,
    Resources,
    Sampler,
)
from symray.study_file.schema import json_schema
from symray.study_file.study_file import StudyFile
from symray.study_file.templates import commented_template, own_model_template

__all__ = [
    "NO_VALUE",
    "Checkpoints",
    "Choice",
    "Confirmation",
    "Constraint",
    "Entry",
    "NpzData",
    "Pretraining",
    "Pruner",
    "Range",
    "Resources",
    "Sampler",
    "StudyFile",
    "commented_template",
    "json_schema",
    "load_study_file",
    "own_model_template",
]
