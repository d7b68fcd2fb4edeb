"""Whatever a user brings, it works or is refused in one sentence; nothing hangs or is left behind.

Files that work are changed at random by a seeded mutator: bytes, lines, cells, shapes and types.
"""

import gzip
import io
import random
import zlib
from pathlib import Path

import numpy as np
import pytest

from fuzzing import judged, mutated_bytes, mutated_text
from symray.data import load_data
from symray.study_file import load_study_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

STUDY = """\
study: s
model: stib
data: artificial
training: {epochs: 15, batch_size: 128, learning_rate: 2.0e-3}
search:
  beta: {low: 1, high: 1000, log: true}
  latent_dims: {low: 2, high: 8, step: 2}
  adversary_steps: {choice: [1, 2, 3]}
objectives: {mi_z0_y_sampled: minimize}
constraints: ["x_mae <= 0.8", "y_mae <= 1.2"]
sampler: {name: tpe, startup_trials: 10}
pruner: {name: median, metric: x_mae, warmup_epochs: 5}
reference: {beta: 40}
trials: 20
time_limit: 2h
resources: {cpu: 1, gpu: 0.25}
confirmation: {top: 3, seeds: 5}
checkpoints: {keep: 5, every: 10s}
seed: 0
"""
WORDS = [
    "010", "1:30", "0b1", "1_000", "2026-11-28", "on", "no", "~", "null", ".inf", ".nan", "1e400",
    "-1", "0", "[]", "{}", "&a", "*a", "<<: *a", "!!python/object:os.system", "|", ">", "%", "\t",
    "\0", "é", "\ufeff", "9" * 400, "x" * 4000, "'", '"', "#", ": ", "- ", "extends: s.yaml",
    "extends: " + "x" * 3000, "step: 1.0e-300", "suite: [stib, vae]", "data: {npz: " + "y" * 999,
]  # fmt: skip
CELLS = [
    "", " ", '"', '""', ",", ";", "\t", "1,5", "5%", "nan", "1e999", "1_0", "-", "C(", "C" * 2000,
    "[Na+].[Cl-]", "C1CC", "é", "\0", "x" * 5000, "CC O", "\ufeff", "0x1", "C" * 20_000, "\r",
]  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    monkeypatch.setenv("SYMRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "in")
    return tmp_path / "in"


@pytest.mark.parametrize("seed", range(4))
def test_study_files(here, seed):
    rng = random.Random(seed)
    worked = 0
    for _ in range(1000):
        Path("s.yaml").write_bytes(mutated_text(STUDY, rng, WORDS))
        worked += judged(lambda: load_study_file("s.yaml"), here, {"s.yaml"})
    assert 0 < worked < 1000


@pytest.mark.parametrize("suffix", ["csv", "tsv", "smi", "txt", "csv.gz"])
def test_files_of_molecules(here, chains, suffix):
    rng = random.Random(suffix)
    table = "\n".join(["smiles,name,y", *(f"{s},n{i},{i % 9}" for i, s in enumerate(chains(410)))])
    worked = 0
    for _ in range(300):
        path = here / f"m.{suffix}"
        path.write_bytes(mutated_text(table, rng, CELLS))
        spec = {"csv": path.name} | ({"targets": ["y"]} if rng.random() < 0.8 else {})
        spec |= {"codec": rng.choice(["deepsmiles", "grammar"])}
        worked += judged(lambda spec=spec: load_data(spec).report(), here, {path.name})
    assert worked


def arrays(rng: random.Random) -> dict[str, np.ndarray]:
    """X and Y, or images and factors, of some shape, type, order and oddity."""
    made = np.random.default_rng(rng.randrange(2**32))
    rows = rng.choice([0, 1, 30, 600, 600, 600, 700])
    shape = rng.choice([(), (3,), (2, 2), (8, 8), (64, 64), (64, 64, 1), (1, 64, 64), (512,), (0,)])
    x = made.normal(size=(rows, *shape)) * 10.0 ** rng.randint(-30, 30) + rng.choice([0, 0, 1.7e9])
    if rng.random() < 0.5:
        x = made.integers(0, rng.choice([1, 2, 3, 17, 100, 256]), (rows, *shape))
    y = made.normal(size=(rows, 2)) if rng.random() < 0.7 else made.integers(0, 3, rows)
    for _ in range(rng.randint(0, 2)):
        match rng.randrange(8):
            case 0:
                y = np.zeros_like(y)
            case 1:
                x = np.asfortranarray(x)
            case 2:
                with np.errstate(all="ignore"):
                    x = x.astype(
                        rng.choice([">f4", "<f2", "u1", ">i4", "?", "f8", "c8", "O", "U4"])
                    )
            case 3:
                y = y[:-1]
            case 4 if x.dtype.kind == "f" and x.size:
                x.flat[rng.randrange(x.size)] = rng.choice([np.nan, np.inf, 1e308])
            case 5:
                x = x[rng.choice([slice(None, None, 2), slice(None, None, -1), slice(0, 1)])]
            case 6:
                y = y.astype(rng.choice([">f8", "u1", "O", "U3"]))
            case _:
                x = np.repeat(x[:3], 300, axis=0)
    return {"x": x, "y": y}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_arrays_and_images(here, seed):
    rng = random.Random(seed)
    worked = 0
    for _ in range(600):
        buffer = io.BytesIO()
        np.savez(buffer, **arrays(rng))
        content = buffer.getvalue()
        if rng.random() < 0.2:
            content = mutated_bytes(content, rng)
        Path("a.npz").write_bytes(content)
        spec = {"npz": "a.npz", "x": "x", "y": "y"}
        if rng.random() < 0.5:
            spec = {"npz": "a.npz", "images": "x"} | (
                {"factors": "y"} if rng.random() < 0.5 else {}
            )
        worked += judged(lambda spec=spec: load_data(spec).report(), here, {"a.npz"})
    assert 0 < worked < 600


def test_bytes_of_any_kind(here):
    rng = random.Random(0)
    for _ in range(500):
        content = rng.randbytes(rng.choice([0, 1, 10, 1000]))
        content = rng.choice(
            [content, gzip.compress(content), zlib.compress(content), b"PK" + content]
        )
        for name, spec in (
            ("a.npz", {"npz": "a.npz", "x": "x", "y": "y"}),
            ("a.csv", {"csv": "a.csv", "targets": ["y"]}),
            ("a.smi.gz", {"csv": "a.smi.gz"}),
        ):
            Path(name).write_bytes(content)
            assert not judged(lambda spec=spec: load_data(spec), here, {name})
            Path(name).unlink()
        Path("s.yaml").write_bytes(content)
        assert not judged(lambda: load_study_file("s.yaml"), here, {"s.yaml"})
        Path("s.yaml").unlink()
