"""symray: distributed hyperparameter studies of symmetry-learning variational autoencoders.

``symray.__all__`` is the public API. Its names are imported when they are first used, so that
``import symray`` costs nothing; their types stand in ``__init__.pyi``.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Comparison": "symray.report.compare:Comparison",
    "Study": "symray.api.study:Study",
    "StudyFile": "symray.study_file:StudyFile",
    "TrainedModel": "symray.api.model:TrainedModel",
    "UserError": "symray.errors:UserError",
    "compare": "symray.api.study:compare",
    "launch": "symray.api.launching:launch",
    "launch_suite": "symray.api.launching:launch_suite",
    "load_model": "symray.api.model:load_model",
    "open": "symray.api.study:open",
    "studies": "symray.api.study:studies",
    "study": "symray.api.building:study",
    "write_report": "symray.api.report:write_report",
}

__all__ = ["__version__", *_PUBLIC]  # all are texts


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'symray' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
