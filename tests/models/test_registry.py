import sys

import pytest

from symray.errors import UserError
from symray.models import STIB, Model
from symray.models.registry import MODELS, model_class
from symray.models.template import write_model_template


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a package of one module, and forgets it after the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text, package="own_package", folder="a"):
        code = tmp_path / folder / package
        code.mkdir(parents=True, exist_ok=True)
        (code / "__init__.py").touch()
        (code / "models.py").write_text(text)
        return code

    return write


OWN = "from symray.models import VAE\nclass Mine(VAE):\n    'One.'\n    where = {!r}\n"


def test_built_in_names():
    assert model_class("stib") is STIB
    assert all(issubclass(model_class(name), Model) for name in MODELS)


def test_an_installed_class_needs_no_code():
    assert model_class("symray.models.stib:STIB") is STIB


def test_own_class_in_a_code_folder(write):
    cls = model_class("own_package.models:Mine", write(OWN.format("a")))
    assert cls.where == "a"
    assert model_class("own_package.models:Mine") is cls


def test_two_folders_with_packages_of_one_name(write):
    first, second = (write(OWN.format(folder), folder=folder) for folder in "ab")
    for code in (first, second, first):
        assert model_class("own_package.models:Mine", code).where == code.parent.name


def test_entry_points(tmp_path, monkeypatch, write):
    code = write(OWN.format("a"), package="entry_package")
    info = code.parent / "entry_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: entry-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[symray.models]\nmine = entry_package.models:Mine\n")
    monkeypatch.syspath_prepend(str(code.parent))
    assert model_class("mine").where == "a"
    with pytest.raises(UserError, match="no model 'minee'; did you mean 'mine'"):
        model_class("minee")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("stip", "there is no model 'stip'; did you mean 'stib'"),
        (
            "resnet",
            f"valid names: {', '.join(sorted(MODELS))}",
        ),
        ("no_such_package.models:M", "No module named 'no_such_package'; 'code' names the folder"),
        ("symray.models.stib:STIP", "symray.models.stib has no class 'STIP'; did you mean 'STIB'"),
        (
            "symray.models.stib:frozen",
            "frozen is not a model, it must derive from symray.models.Model",
        ),
        ("symray.models.base:Model", "Model is not a model"),
    ],
)
def test_names_that_mean_nothing(name, sentence):
    with pytest.raises(UserError, match=sentence):
        model_class(name)


def test_code_that_cannot_be_used(tmp_path, write):
    with pytest.raises(UserError, match=r"its code folder .*nowhere does not exist"):
        model_class("nowhere.models:Mine", tmp_path / "nowhere")
    code = write("class Mine:\n    pass\n")
    with pytest.raises(UserError, match="must be the package 'other' itself"):
        model_class("other.models:Mine", code)
    with pytest.raises(UserError, match="Mine is not a model"):
        model_class("own_package.models:Mine", code)
    broken = write("def f(:\n", package="broken_package")
    with pytest.raises(
        UserError, match=r"importing broken_package\.models failed with SyntaxError"
    ):
        model_class("broken_package.models:Mine", broken)
    taken = write(OWN.format("a"), package="torch")
    with pytest.raises(UserError, match="a package 'torch' is installed already; rename"):
        model_class("torch.models:Mine", taken)


def test_template_is_found(tmp_path, write):
    write_model_template("fresh_package", tmp_path)
    assert issubclass(model_class("fresh_package.models:MyVAE", tmp_path / "fresh_package"), Model)
