"""Every example in the public API's docstrings, run on the study ``finished``."""

import doctest
import inspect
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import symray
from symray.api import building, launching, model, report, study

MODULES = [building, launching, model, report, study]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples(
    module: ModuleType, finished_study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished_study.folder / "champion" / "model", tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(module, extraglobs={"symray": symray})
    assert result.attempted > 0
    assert result.failed == 0


def test_every_public_function_has_a_docstring_and_an_example() -> None:
    for name in symray.__all__:
        value = getattr(symray, name)
        if inspect.isfunction(value):
            assert ">>> " in (value.__doc__ or ""), name
        elif inspect.isclass(value):
            assert value.__doc__, name
