"""The study file: read, merged, checked and resolved, with one sentence for every mistake."""

from symray.study.file.constraint import NO_VALUE, Constraint
from symray.study.file.entries import Choice, Entry, Range
from symray.study.file.load import load_study_file
from symray.study.file.options import (
    Checkpoints,
    Confirmation,
    NpzData,
    Pretraining,
    Pruner,
    Resources,
    Sampler,
)
from symray.study.file.schema import json_schema
from symray.study.file.study_file import StudyFile
from symray.study.file.templates import commented_template, own_model_template

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
