"""Damaged records and downloads: whatever looks at them works or says one sentence.

Files of a study that has run are changed at random, as a failing disk or a hand in an editor would.
"""

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuzzing import judged, mutated_bytes, mutated_text
from symray.insight.explain import explain
from symray.insight.health import OF_TRIALS, health
from symray.insight.model_card import read_card
from symray.insight.predict import predict
from symray.insight.status import status
from symray.record.study_record import StudyRecord
from symray.search.leaderboard import leaderboard
from symray.training.bundle import load_bundle
from symray.training.checkpoint import newest_checkpoint, read_checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WORDS = [
    "null", "{}", "[]", "-1", "1e999", "NaN", '"x"', "true", "9" * 400, '"' + "x" * 3000 + '"', "",
    "[" * 5000, "\0", "é", "}", '{"epoch": 1}', '{"event": "start", "time": 1}', "0.5", '"time": 0',
    '{"event": "extend", "time": 1, "trials": "many"}', '"op_code": 99', '"trial_id": 77', "\u2028",
]  # fmt: skip


def look(name: str) -> None:
    """Everything that people ask of a record."""
    record = StudyRecord.open(name)
    status(record)
    health(record, checks=OF_TRIALS)
    leaderboard(record)
    record.searched_seconds()
    for trial in record.trials():
        explain(record, trial.number)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "file",
    [
        "trials/0001/metrics.jsonl",
        "trials/0001/events.jsonl",
        "trials/0001/task.json",
        "events.jsonl",
        "optuna.journal",
        "confirmation.json",
        "confirmation/*/outcome.jsonl",
    ],
)
def test_a_record(own_copy: StudyRecord, file: str, seed: int) -> None:
    rng = random.Random(f"{file}-{seed}")
    path = next(own_copy.folder.glob(file))
    whole = path.read_bytes()
    home = own_copy.folder.parent
    worked = 0
    for _ in range(60):
        damaged = mutated_text(whole.decode(), rng, WORDS) if rng.random() < 0.7 else None
        path.write_bytes(mutated_bytes(whole, rng) if damaged is None else damaged)
        worked += judged(lambda: look(own_copy.name), home, {own_copy.name})
    path.write_bytes(whole)
    look(own_copy.name)


def mutated_json(value: Any, rng: random.Random) -> Any:
    """A copy of plain JSON with one place of it replaced, doubled or gone."""
    if rng.random() < 0.3 or not isinstance(value, dict | list) or not value:
        big = [10**12, -3, 0, 0.5, 1e308]
        return rng.choice([None, "x" * 2000, {}, [], [value], {"a": value}, True, *big])
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key, changed = rng.choice(keys), value.copy()
    if rng.random() < 0.2:
        del changed[key]
    else:
        changed[key] = mutated_json(value[key], rng)
    return changed


def signed(folder: Path) -> None:
    """Make the checksums agree, as whoever changes a model on purpose would."""
    names = ("weights.safetensors", "config.json", "metrics.json")
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(sums))


@pytest.mark.parametrize("seed", range(2))
def test_a_downloaded_model(finished_study: StudyRecord, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    whole = finished_study.folder / "champion" / "model"
    (tmp_path / "in").mkdir()
    model, rows = tmp_path / "in" / "model", tmp_path / "x.npz"
    np.savez(rows, x=np.zeros((3, 2)))
    worked = 0
    for _ in range(400):
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(whole, model)
        path = model / rng.choice(["config.json"] * 3 + [p.name for p in whole.iterdir()])
        if path.suffix == ".json" and rng.random() < 0.8:
            path.write_text(json.dumps(mutated_json(json.loads(path.read_text()), rng)))
        else:
            path.write_bytes(mutated_bytes(path.read_bytes(), rng))
        if rng.random() < 0.8:
            signed(model)
        worked += judged(lambda: predict(load_bundle(model), rows), tmp_path / "in", {"model"})
        judged(lambda: read_card(model), tmp_path / "in", {"model"})
    assert 0 < worked < 400


def test_a_checkpoint(own_copy: StudyRecord) -> None:
    rng = random.Random(0)
    root = own_copy.trial_folder(1) / "checkpoints"
    good = newest_checkpoint(root)
    assert good is not None
    worked = 0
    for _ in range(300):
        damaged = root / "000009-01"
        shutil.copytree(good, damaged)
        path = rng.choice(sorted(damaged.iterdir()))
        before = path.read_bytes()
        path.write_bytes(mutated_bytes(before, rng))
        if path.read_bytes() != before:
            assert newest_checkpoint(root) == good  # mended: the one before it is taken
            assert not judged(
                lambda at=damaged: read_checkpoint(at), root, {good.name, damaged.name}
            )
        worked += judged(lambda: read_checkpoint(good), root, {p.name for p in root.iterdir()})
        shutil.rmtree(damaged)
    assert worked == 300
