"""The templates load, and explain every key."""

import sys
from pathlib import Path

import yaml

from symray.models.template import write_model_template
from symray.study_file import StudyFile, commented_template, load_study_file, own_model_template
from symray.study_file.directives import DIRECTIVES


def test_the_commented_template_is_a_study(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(commented_template())
    (file,) = load_study_file(path)
    assert file.study == "my-study"


def test_the_commented_template_has_every_key_with_its_explanation():
    text = commented_template()
    assert yaml.safe_load(text).keys() == StudyFile.model_fields.keys()
    for field in StudyFile.model_fields.values():
        assert f"# {field.description}" in text
    for name, description in DIRECTIVES.items():
        assert f"# {name}: " in text
        assert f"# {description}" in text


def test_the_commented_template_shows_defaults(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(commented_template())
    (full,) = load_study_file(path)
    needed = {"study", "model", "data", "training", "search", "constraints"}
    content = yaml.safe_load(commented_template())
    path.write_text(yaml.safe_dump({key: content[key] for key in needed}))
    assert load_study_file(path) == [full]


def test_the_own_models_study_loads_its_template(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    write_model_template("lab_of_templates", tmp_path)
    path = tmp_path / "lab_of_templates.yaml"
    path.write_text(own_model_template("lab_of_templates"))
    (file,) = load_study_file(path)
    assert file.code == tmp_path / "lab_of_templates"
    assert file.design().model.__name__ == "MyVAE"
    assert file.reference_params() == {"learning_rate": 1e-4, "latent_dims": 3}
    assert len(Path(path).read_text().splitlines()) <= 10
