"""Trials of every model that can be packed, at small sizes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from symray.data.transforms import Pixels
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

SPRITES = {"dsprites": [1, 2, 10, 6, 8]}
VECTORS = {"hidden_width": 8, "batch_size": 16}
IMAGES = {"channels": 1, "hidden_width": 4, "latent_dims": 3, "batch_size": 4}
DISCRIMINATOR = {"discriminator_width": 4, "discriminator_layers": 2}

CASES: dict[str, tuple[str, Any, dict[str, float]]] = {
    "stib": ("stib", "artificial", {**VECTORS, "adversary_steps": 2}),
    "stib_no_adversary": ("stib_no_adversary", "artificial", VECTORS),
    "vae": ("vae", "artificial", VECTORS),
    "cvae": ("cvae", "artificial", VECTORS),
    "cvib": ("cvib", "artificial", VECTORS),
    "beta_vae": ("beta_vae", SPRITES, IMAGES),
    "non_syn": ("non_syn", SPRITES, IMAGES),
    "factor_vae": ("factor_vae", SPRITES, {**IMAGES, **DISCRIMINATOR}),
}
VARIED = {
    "stib": "beta",
    "beta_vae": "beta",
    "non_syn": "alpha",
    "factor_vae": "gamma",
    "cvib": "kl_weight",
    "vae": "y_weight",
    "stib_no_adversary": "y_weight",
}
"""A number of each model's loss that members have for themselves."""

Build = Callable[..., Trainer]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums over small batches aren't worth two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """The trainer of a case, unlike that of any other ``seed`` in everything that a pack allows."""
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))

    def build(case: str, seed: int = 0, **given: Any) -> Trainer:
        model, data, sizes = CASES[case]
        numbers = {
            "epochs": 4 + seed,
            "steps_per_epoch": 50,
            "learning_rate": 1e-3 * (1 + 0.5 * seed),
            "adversary_learning_rate": 2e-3 / (1 + seed),
            "learning_rate_decay": 0.1 * seed,
            "weight_decay": 0.01 * seed,
            "lambda_initial": 0.7 + 0.1 * seed,
            "lambda_growth": 1 + 0.1 * seed,
            "lambda_max": 3.0,
        }
        if case in VARIED:
            numbers[VARIED[case]] = 1.0 + seed
        if data == "artificial":
            numbers["z1_dims"] = 1 + seed % 2
        return build_trainer(TrialSpec(model, data, {**numbers, **sizes, **given}, seed), "cpu")

    return build


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything is computed in float64."""
    expand = Pixels.expand

    def expand_double(self: Pixels, stored: Tensor) -> Tensor:
        return expand(self, stored).double()

    monkeypatch.setattr(Pixels, "expand", expand_double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
