"""A champion whose two kinds of codes tell different things of Y."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from symray.cli.main import app
from symray.insight.status import status
from symray.record.study_record import StudyRecord
from symray.search.mean_codes import readable_means

MakeRecord = Callable[..., StudyRecord]
GOOD = {"x_mae": 0.5, "y_mae": 0.9, "mi_z0_y": 0.3, "kl_z0": 2.0}


@pytest.mark.parametrize(
    ("bits", "linear", "nonlinear", "misleads"),
    [
        (0.1, 0.0, 0.88, True),
        (0.1, 0.5, -0.2, True),
        (0.1, 0.1, 0.3, False),
        (0.9, 0.8, 0.9, False),  # drawn codes tell it as well
        (None, 0.8, 0.9, False),
        (0.1, None, None, False),
    ],
)
def test_low_information_beside_a_probe_that_reads(
    make_record: MakeRecord,
    add_trial: Callable[..., object],
    bits: float | None,
    linear: float | None,
    nonlinear: float | None,
    misleads: bool,
) -> None:
    record = make_record()
    told = {"mi_z0_y_sampled": bits, "probe_linear_r2": linear, "probe_r2": nonlinear}
    metrics = GOOD | {name: value for name, value in told.items() if value is not None}
    add_trial(record, **metrics)
    found = readable_means(record)
    assert (found is not None) is misleads
    sentences = status(record)["warnings"]
    shown = CliRunner().invoke(app, ["status", record.name]).stdout
    assert ("warning: trial 0 is invariant in drawn codes only" in shown) is misleads
    assert len(sentences) == misleads
    if found is not None:
        assert found.r2 == max(r2 for r2 in (linear, nonlinear) if r2 is not None)
        assert "won't do as features free of Y: train with `least_kl: 0.1`" in found.sentence
        assert found.sentence in shown


def test_the_winner_of_the_confirmation_counts(
    make_record: MakeRecord, add_trial: Callable[..., object]
) -> None:
    record = make_record()
    assert readable_means(record) is None
    add_trial(record, **GOOD, mi_z0_y_sampled=0.1, probe_r2=0.9)
    add_trial(record, **(GOOD | {"mi_z0_y": 0.4}), mi_z0_y_sampled=0.1, probe_r2=0.0)
    assert readable_means(record) is not None
    stats = {"mi_z0_y_sampled": {"mean": 0.2, "sd": 0.1}, "probe_r2": {"mean": 0.1, "sd": 0.1}}
    entries = [{"number": 1, "n": 2, "failed": 0, "validation": stats}]
    path = record.folder / "confirmation.json"
    path.write_text(
        json.dumps({"candidates": entries, "winner": 1, "champion": "0001-0", "test": {}})
    )
    assert readable_means(record) is None
    stats["probe_r2"]["mean"] = 0.6
    path.write_text(
        json.dumps({"candidates": entries, "winner": 1, "champion": "0001-0", "test": {}})
    )
    found = readable_means(record)
    assert found is not None
    assert (found.number, found.bits, found.r2) == (1, 0.2, 0.6)
