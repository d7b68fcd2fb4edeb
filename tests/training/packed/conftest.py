"""Trials of every model that can be packed, at small sizes."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from symray.data.molecule_set import MoleculeSet
from symray.data.transforms import Pixels, Symbols
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

SPRITES = {"dsprites": [1, 2, 10, 6, 8]}
VECTORS = {"hidden_width": 8, "batch_size": 16}
IMAGES = {"channels": 1, "hidden_width": 4, "latent_dims": 3, "batch_size": 4}
STRINGS = {"gru_width": 4, "hidden_width": 8, "latent_dims": 4, "batch_size": 8}
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
    "grammar": ("stib", "grammar", {**STRINGS, "gru_layers": 2}),
    "deepsmiles": ("cvib", "deepsmiles", {**STRINGS, "gru_layers": 2}),
}
"""Model, data (of strings the codec), and sizes."""
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

CODECS = ("grammar", "deepsmiles")

Build = Callable[..., Trainer]


def molecules(folder: Path) -> Path:
    """A file of 500 chains of C, N and O, which is written once."""
    file = folder / "molecules.csv"
    if not file.exists():
        chains = ["C" + "".join(symbols) for symbols in product("CNO", repeat=6)]
        rows = [f"{chain},{chain.count('C')}" for chain in chains[::-1][:500]]
        file.write_text("\n".join(["smiles,carbons", *rows]))
    return file


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
        steps = _steps(data)
        if data in CODECS:
            data = {"csv": str(molecules(tmp_path)), "targets": ["carbons"], "codec": data}
        numbers = {
            "epochs": 4 + seed,
            "steps_per_epoch": steps,
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


def _steps(data: Any) -> int:
    """Of an epoch; a step of images and strings takes ten times that of vectors."""
    return 5 if data in CODECS else 50 if data == "artificial" else 15


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything is computed in float64."""
    for transform in (Pixels, Symbols):
        monkeypatch.setattr(transform, "expand", in_double(transform.expand))
    read = MoleculeSet._read

    def read_double(self: MoleculeSet, rows: Any) -> tuple[Tensor, Tensor]:
        x, y = read(self, rows)
        return x, y.double()

    monkeypatch.setattr(MoleculeSet, "_read", read_double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def in_double(expand: Callable[[Any, Tensor], Tensor]) -> Callable[[Any, Tensor], Tensor]:
    return lambda transform, stored: expand(transform, stored).double()
