"""``import symray``: what is public, what it costs, what type checkers see of it."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import symray
from symray.study_file import StudyFile


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh Python has after ``code``."""
    end = "\nimport sys; print('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", code + end]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_importing_symray_imports_nothing_else() -> None:
    modules = modules_after("import symray")
    assert {name for name in modules if name.startswith("symray")} == {"symray"}
    assert not modules & {"torch", "numpy", "pandas", "ray", "mlflow", "optuna"}


def test_a_model_is_loaded_and_used_without_what_takes_long_to_import(finished_study) -> None:
    folder = finished_study.folder / "champion" / "model"
    modules = modules_after(f"import symray; symray.load_model({str(folder)!r}).predict([[0, 1]])")
    assert not modules & {"pandas", "ray", "mlflow", "optuna", "torch._dynamo"}


def test_the_stub_names_what_is_public() -> None:
    stub = ast.parse(Path(symray.__file__).with_suffix(".pyi").read_text())
    names = {
        alias.asname: f"{node.module}:{alias.name}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {"__version__", *names} == set(symray.__all__)
    for public, place in names.items():
        value = getattr(symray, public)
        assert (value.__module__, value.__name__)[1] == place.partition(":")[2]
    assert set(symray.__all__) <= set(dir(symray))


def test_a_study_takes_every_key_of_the_study_file_under_its_name() -> None:
    assert set(inspect.signature(symray.study).parameters) == set(StudyFile.model_fields)
