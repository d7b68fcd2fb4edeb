"""Faults of a night, injected into a record: each is named by its cause, by health and explain."""

from collections.abc import Callable
from typing import Any

import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState
from typer.testing import Result

from symray.insight.health import health
from symray.record.storage.file_lease import FileLease
from symray.search.mean_codes import LITTLE
from symray.tasks.gpu_memory import memory_sentence
from symray.tracking.projector import reconcile

AssertTold = Callable[..., None]
MakeNight = Callable[..., Any]
Symray = Callable[..., Result]

HOUR = 3600.0


def test_a_healthy_night_gives_nothing(
    make_night: MakeNight, embedded_store: MlflowClient, symray: Symray
) -> None:
    night = make_night("trials=20")
    night.fill()
    night.record.add_event("finish")
    reconcile(night.record)
    assert health(night.record) == []
    answer = symray("health", "searched")
    assert (answer.exit_code, answer.stdout) == (
        0,
        "study 'searched' is complete; nothing looks wrong\n",
    )
    assert "looks wrong" not in symray("explain", "searched", "3").stdout


def test_a_healthy_running_night_gives_nothing(make_night: MakeNight) -> None:
    night = make_night()
    night.fill()
    for host in ("node-a", "node-b"):
        night.trial(state=TrialState.RUNNING, at=8 * HOUR - 55, epochs=2, epoch=25.0, host=host)
    night.trial(state=TrialState.RUNNING, at=8 * HOUR - 60, epochs=0, begun=False)
    with FileLease(night.record.folder):
        assert night.found() == {}


def test_a_silent_trial(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill()
    silent = night.trial(state=TrialState.RUNNING, at=7 * HOUR, epochs=2, host="node-b")
    night.trial(state=TrialState.RUNNING, at=8 * HOUR - 15, epochs=1, host="node-a")
    with FileLease(night.record.folder):
        assert_told(
            "searched", "silent", f"trial {silent} on node-b", "60 min", "10 s", trial=silent
        )
        found = night.found()["silent"]
    assert found.severity == "warning"
    assert found.command == f"symray logs searched {silent}"
    assert found.trials == (silent,)


def test_all_silent_is_severe_and_a_stopped_study_is_not_silent(make_night: MakeNight) -> None:
    night = make_night()
    night.fill()
    night.trial(state=TrialState.RUNNING, at=7 * HOUR, epochs=2)
    night.record.add_event("stop")
    assert night.found() == {}
    with FileLease(night.record.folder):
        assert night.found()["silent"].severity == "severe"


def test_a_trial_that_no_worker_begins(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill()
    waiting = night.trial(state=TrialState.RUNNING, at=6 * HOUR, epochs=0, begun=False)
    with FileLease(night.record.folder):
        assert_told("searched", "silent", "begun by no worker", "no room", trial=waiting)


def test_a_slow_node(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill(12)
    slow = [night.trial(host="node-slow", epoch=21.0, pid=99) for _ in range(6)]
    night.record.add_event("finish")
    assert_told("searched", "slow node", "node-slow", "2.1 times", trial=slow[0])
    found = night.found()["slow node"]
    assert found.evidence["ratio"] == pytest.approx(2.1)
    assert found.trials == tuple(slow)


def test_a_node_that_does_more_work_is_not_slow(make_night: MakeNight) -> None:
    night = make_night("search.batch_size={low: 32, high: 512}")
    small = {"beta": 30.0, "batch_size": 64}
    for number in range(8):
        night.trial(small, at=42.0 * number, host="node-a")
        night.trial(small | {"batch_size": 512}, at=84.0 * number, host="node-b", epoch=20.0)
    night.record.add_event("finish")
    assert "slow node" not in night.found()


def test_a_reserved_gpu_that_is_idle(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night("resources.gpu=0.25")
    night.fill(8, device="cuda:0", host="node-gpu")
    idle = night.trial(host="node-bare")
    night.record.add_event("finish")
    assert_told("searched", "idle GPU", "node-bare", "0.25 GPU", "no usable GPU", trial=idle)
    assert night.found()["idle GPU"].trials == (idle,)


def test_a_gpu_that_nobody_asks_for(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill(8, gpus=2, host="node-gpu")
    night.record.add_event("finish")
    assert_told("searched", "idle GPU", "2 GPUs on node-gpu", "asks for none", trial=3)


def test_workers_that_wait_between_trials(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night("sampler=gp")
    for turn in range(8):
        night.trial(at=turn * 90.0, pid=7)
    night.record.add_event("finish")
    assert_told("searched", "idle workers", "50 s between two tasks of 40 s", "gp")


def test_fewer_trials_at_once_than_wanted(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night("concurrency=4")
    for turn in range(10):
        night.trial(at=turn * 41.0, pid=7)
    night.record.add_event("finish")
    assert_told("searched", "idle workers", "at most 1 trial ran at once though concurrency is 4")


def test_failures_are_grouped_by_reason(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill(9)
    high = [{"lambda_growth": 1.19 + n / 1000} for n in range(3)]
    diverged = [
        night.trial(
            params, state=TrialState.FAIL, reason=f"diverged: {term} is no longer finite in epoch 3"
        )
        for params, term in zip(high, ("x_rec", "kl", "x_rec"), strict=True)
    ]
    full = RuntimeError(
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
    )
    for _ in range(2):
        night.trial(state=TrialState.FAIL, reason=memory_sentence(full))
    night.record.add_event("finish")
    groups = [f for f in health(night.record) if f.kind == "failures"]
    assert [group.evidence["count"] for group in groups] == [3, 2]
    assert_told(
        "searched",
        "failures",
        "3 of 14 ended trials failed alike",
        "mostly those with lambda_growth >= 1.19",
        "lambda_max",
        trial=diverged[0],
    )
    assert_told("searched", "failures", "out of GPU memory", "bigger share", trial=12)


def test_a_failure_that_a_retry_has_mended_is_forgotten(make_night: MakeNight) -> None:
    night = make_night()
    night.fill(5)
    failed = night.trial(state=TrialState.FAIL, reason="OSError: the node blinked")
    assert "failures" in night.found()
    night.trial(attrs={"retry_of": failed})
    assert "failures" not in night.found()


def test_workers_lost_on_one_node(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill()
    reason = "Task was killed due to the node running low on memory."
    lost = [night.trial(host="node-c", lost=reason, at=50.0 * n) for n in range(4)]
    night.record.add_event("finish")
    assert_told("searched", "lost workers", "node-c lost 4 workers", "low on memory", trial=lost[0])
    found = night.found()["lost workers"]
    assert (found.severity, found.trials) == ("warning", tuple(lost))
    assert "lower `concurrency`" in found.sentence


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"beta": 950.0}, "upper end of its range 1 to 1000 on a logarithmic scale"),
        ({"lambda_growth": 1.001}, "lower end of its range 1 to 1.2"),
    ],
)
def test_a_parameter_stuck_at_a_bound(
    make_night, assert_told: AssertTold, params: dict[str, float], words: str
) -> None:
    night = make_night()
    night.fill(10)
    best = [night.trial(params, metrics={"mi_z0_y": 0.01 * n}) for n in range(3)]
    night.record.add_event("finish")
    assert_told("searched", "at a bound", *params, words, trial=best[0])
    (name,) = params
    assert f"--set search.{name}." in night.found()["at a bound"].command


def test_best_trials_within_the_range_are_not_stuck(make_night: MakeNight) -> None:
    night = make_night()
    night.fill(10)
    for n, beta in enumerate((980.0, 990.0, 500.0)):
        night.trial({"beta": beta}, metrics={"mi_z0_y": 0.01 * n})
    night.record.add_event("finish")
    assert night.found() == {}


def test_a_pruner_that_stops_nearly_everything(
    make_night: MakeNight, assert_told: AssertTold
) -> None:
    night = make_night("pruner={name: median, metric: x_mae, warmup_epochs: 1}")
    night.fill(2)
    for _ in range(28):
        night.trial(state=TrialState.PRUNED, epochs=2, reason="pruned in epoch 2")
    night.record.add_event("finish")
    assert_told("searched", "pruned", "28 of 30", "epoch 2", "warmup_epochs (now 1)", trial=9)


def test_a_pruner_that_stops_nothing(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night("pruner={name: median, metric: x_mae, warmup_epochs: 1}")
    night.fill(30)
    night.record.add_event("finish")
    assert_told("searched", "pruned", "has stopped none of 30 trials", "evaluate_every")


def test_few_feasible_trials(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    for number in range(15):
        night.trial(metrics={"x_mae": 0.5 if number == 3 else 0.9 + number / 100})
    night.record.add_event("finish")
    assert_told(
        "searched",
        "feasible",
        "1 of 15 completed trials keeps",
        "x_mae <= 0.8 rules out most, 14; the closest has 0.5",
        trial=0,
    )


def test_an_empty_z0_of_the_best(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill(5)
    best = night.trial(metrics={"mi_z0_y": 0.0, "kl_z0": 0.001})
    night.record.add_event("finish")
    assert_told("searched", "collapsed latents", "Z0 of the best", "kl_z0 >= 0.5", trial=best)


@pytest.mark.parametrize(
    ("r", "bits", "probe", "blind"),
    [
        (0.02, 1.2, 0.8, True),
        (1.4, 1.2, 0.8, False),  # it sees what there is: R is twice the information, in nats
        (0.02, 0.1, 0.9, False),  # the means of a collapsed latent, which no sample shows
        (0.02, 1.2, 0.1, False),
    ],
)
def test_an_adversary_is_blind_if_others_see(
    make_night: MakeNight, r: float, bits: float, probe: float, blind: bool
) -> None:
    night = make_night()
    metrics = {"mi_z0_y_sampled": bits, "probe_r2": probe}
    night.fill(4, metrics=metrics, terms={"train/adversary_mi": r})
    night.record.add_event("finish")
    found = night.found()
    other = {"mean codes"} if bits < LITTLE else set()
    assert set(found) == ({"blind adversary"} if blind else other)
    if blind:
        assert found["blind adversary"].severity == "severe"
        assert found["blind adversary"].evidence["adversary_bits"] == pytest.approx(
            0.0144, abs=1e-4
        )


def test_two_codes(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    night.fill(3, code="old-code")
    night.fill(2, code="new-code")
    night.record.add_event("finish")
    assert_told("searched", "two codes", "trials 0, 1 and 2 by old-code", trial=1)


def test_a_driver_that_gave_up(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night()
    for _ in range(5):
        night.trial(state=TrialState.FAIL, reason="ValueError: no such file")
    words = ("given up, because all trials failed", "symray retry searched --failed")
    assert_told("searched", "interrupted", *words)
    assert_told("searched", "failures", "5 of 5 ended trials failed alike", trial=4)


def test_trials_that_nobody_goes_on_with(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night("trials=8")
    night.fill(6)
    left = night.trial(state=TrialState.RUNNING, at=7 * HOUR, epochs=2)
    words = ("its driver is gone", f"trial {left} unfinished, 2 trials of 8 left", "60 min ago")
    assert_told("searched", "interrupted", *words, trial=left)


def test_an_extension_that_nobody_trains(make_night: MakeNight, assert_told: AssertTold) -> None:
    night = make_night("trials=6")
    night.fill(6)
    night.record.add_event("finish")
    night.record.add_event("extend", trials=3)
    assert_told("searched", "interrupted", "asked for more trials (extend)", "3 trials of 9 left")


def test_the_worst_comes_first(make_night: MakeNight, symray: Symray) -> None:
    night = make_night()
    night.fill(3, code="old-code")
    for _ in range(4):
        night.trial(state=TrialState.FAIL, reason="KeyError: 'beta'")
    answer = symray("health", "searched")
    severities = [line.split()[0] for line in answer.stdout.splitlines()[1::2]]
    assert severities == sorted(severities, key=["severe", "warning", "note"].index)
    assert severities[0] == "severe"
    assert answer.exit_code == 1
