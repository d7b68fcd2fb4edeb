"""What a disk, MLflow and a damaged file do to a night."""

import shutil
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient

from symray.insight.health import health
from symray.insight.health.tracking import DELAY
from symray.record.storage.file_lease import FileLease
from symray.tracking.projector import reconcile

AssertTold = Callable[..., None]
MakeNight = Callable[..., Any]


def test_a_disk_that_is_nearly_full(
    make_night: MakeNight, assert_told: AssertTold, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = make_night()
    night.fill(3)
    night.record.add_event("finish")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**40, 2**40 - 2**25, 2**25))
    assert_told("searched", "disk", "nearly full", "0.031 of 1.02e+03 GiB free")


def test_mlflow_that_is_behind_or_away(
    make_night: MakeNight,
    embedded_store: MlflowClient,
    assert_told: AssertTold,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    night = make_night()
    night.fill(3)
    night.record.add_event("finish")
    assert_told("searched", "MLflow", "in 3 runs of 3, 3 of which it does not have")
    reconcile(night.record)
    late = night.trial()
    assert_told("searched", "MLflow", "in 1 run of 4", f"trial-{late:04d}")
    with FileLease(night.record.folder):  # a running study's writer may be behind for a while
        now = night.evening + DELAY / 2
        assert not [f for f in health(night.record, now=now) if f.kind == "MLflow"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    began = time.monotonic()
    assert_told("searched", "MLflow", "does not answer")
    assert time.monotonic() - began < 120


def test_codes_whose_means_tell_what_draws_do_not(
    make_night: MakeNight, assert_told: AssertTold
) -> None:
    night = make_night()
    night.fill(3, metrics={"mi_z0_y_sampled": 0.1, "probe_r2": 0.9})
    words = ("trial 0 is invariant in drawn codes only (0.1 bits of Y)", "R^2 0.9")
    assert_told("searched", "mean codes", *words, trial=0)


def test_targets_that_hardly_vary(
    make_night: MakeNight, assert_told: AssertTold, tmp_path: Path
) -> None:
    x = np.random.default_rng(0).normal(size=(500, 2))
    y = np.zeros((500, 1))
    y[::50] = 1
    np.savez(tmp_path / "rare.npz", x=x, y=y)
    night = make_night(f"data={{npz: {tmp_path / 'rare.npz'}}}")
    night.fill(3)
    assert_told("searched", "data", "rare.npz: y1 is 0 in 98.0% of the rows")
    (tmp_path / "rare.npz").unlink()
    assert "data" not in night.found()


def test_a_damaged_record(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill(3)
    night.record.add_event("finish")
    path = night.record.trial_folder(1) / "metrics.jsonl"
    path.write_text("no JSON\n" + path.read_text())
    assert_told("searched", "damaged record", "trial-0001", "metrics.jsonl:1")
