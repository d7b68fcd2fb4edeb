"""Tasks that train for a moment."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symray.data.base import VECTORS
from symray.models.design import Design
from symray.models.registry import model_class
from symray.tasks.task import Task
from symray.training.settings import resolve_settings

SETTINGS = {
    "epochs": 4,
    "steps_per_epoch": 3,
    "batch_size": 16,
    "hidden_width": 8,
    "learning_rate": 1e-3,
    "lambda_growth": 1.1,
}


MakeTask = Callable[..., Task]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("data") / "small.npz"
    x = np.random.default_rng(0).normal(size=(400, 2))
    np.savez(path, x=x, y=x.sum(axis=1, keepdims=True))
    return {"npz": str(path), "x": "x", "y": "y"}


@pytest.fixture(scope="module")
def make_task(data: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> MakeTask:
    """A task in a new folder."""

    def make(
        model: str = "stib", code: Path | None = None, task: Any = None, **changed: Any
    ) -> Task:
        spec = {
            "model": model,
            "data": data,
            "settings": resolve_settings(
                Design(model_class(model, code), VECTORS), {}, SETTINGS | changed
            ),
            "seed": 5,
            "code": str(code) if code else None,
        }
        folder = tmp_path_factory.mktemp("task") / "0007"
        made = Task(
            study="small", name="trial-0007", kind="trial", number=7, folder=str(folder), spec=spec
        )
        return replace(made, **(task or {}))

    return make
