import sys

import pytest

from symray.errors import UserError
from symray.models.contract import check_model
from symray.models.registry import model_class
from symray.models.template import write_model_template


def test_the_model_works_and_is_short(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    files = write_model_template("template_package", tmp_path)
    assert [str(file.relative_to(tmp_path)) for file in files] == [
        "template_package/__init__.py",
        "template_package/models.py",
    ]
    assert len(files[1].read_text().splitlines()) < 60
    cls = model_class("template_package.models:MyVAE", tmp_path / "template_package")
    assert [check for check in check_model(cls) if not check.passed] == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("my-lab", "'my-lab' cannot name a Python package"),
        ("class", "'class' cannot name a Python package"),
        ("torch", "'torch' is the name of an installed package"),
        ("there", "there exists already; choose another name or remove it"),
    ],
)
def test_names_that_cannot_be_used(tmp_path, name, sentence):
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError, match=sentence):
        write_model_template(name, tmp_path)
