"""What a worker and its machine do while it trains, sampled beside it."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from symray.record import jsonl
from symray.record.task_folder import SYSTEM, system_lines
from symray.tasks import worker
from symray.tasks.system_metrics import MEGABYTE, Sampler
from symray.tasks.task import Task
from symray.tasks.worker import TaskRun

EVERY = 0.05

MakeTask = Callable[..., Task]


@pytest.fixture(scope="module")
def busy() -> Sampler:
    sampler = Sampler(EVERY)
    sampler.start()
    return sampler


@pytest.fixture
def sampled(busy: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process samples every few milliseconds."""
    monkeypatch.setattr(worker, "sampler", lambda: busy)


def samples_after(sampler: Sampler, begun: float, count: int) -> list[dict[str, float]]:
    """What the first ``count`` samples after ``begun`` say; this process computes meanwhile."""
    end = time.monotonic() + 30
    while len(found := sampler.since(begun)) < count and time.monotonic() < end:
        sum(range(10_000))
    return [sample["values"] for sample in found]


def test_a_sample_says_what_psutil_says_by_the_names_of_mlflow(busy: Sampler) -> None:
    memory = psutil.virtual_memory()
    values = samples_after(busy, time.time() + 2 * EVERY, 5)
    own = [v["system/process_cpu_utilization_percentage"] for v in values]
    assert max(own) > 5
    assert all(0 <= v["system/cpu_utilization_percentage"] <= 100 for v in values)
    last = values[-1]
    total = memory.total / MEGABYTE
    share = last["system/system_memory_usage_megabytes"] / total
    assert last["system/system_memory_usage_percentage"] == pytest.approx(100 * share, abs=0.1)
    resident = psutil.Process().memory_info().rss / MEGABYTE
    assert last["system/process_memory_usage_megabytes"] == pytest.approx(resident, rel=0.5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here to sample")
def test_a_gpu_that_is_used_is_sampled(busy: Sampler) -> None:
    held = torch.empty(2**28, device="cuda")
    values = samples_after(busy, time.time() + EVERY, 2)[-1]
    assert values["system/gpu_0_memory_usage_megabytes"] > held.nbytes / MEGABYTE
    assert 0 < values["system/gpu_0_memory_usage_percentage"] <= 100
    assert 0 <= values["system/gpu_0_utilization_percentage"] <= 100
    assert values["system/gpu_0_power_usage_watts"] > 0


@pytest.mark.usefixtures("sampled")
def test_a_task_records_the_samples_of_its_time_once(make_task: MakeTask) -> None:
    task = make_task(task={"sample_after": 0.0, "checkpoint_every": 0.0}, epochs=3)
    begun = time.time()
    for _ in range(2):
        run = TaskRun(task, "cpu")
        time.sleep(3 * EVERY)
        run.advance()
    (Path(task.folder) / SYSTEM).open("ab").write(b'{"time": 1')  # killed in the middle
    run = TaskRun(task, "cpu")
    time.sleep(3 * EVERY)
    assert run.advance().outcome == "complete"
    times = [line["time"] for line in system_lines(Path(task.folder))]
    assert len(times) > 5
    assert begun < times[0] < times[-1] < time.time()
    assert times == sorted(set(times))
    assert len(jsonl.read(Path(task.folder) / SYSTEM)) == len(times)


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("sample_after", [None, 60.0])
def test_a_task_that_is_over_sooner_has_none(
    make_task: MakeTask, sample_after: float | None
) -> None:
    task = make_task(task={"sample_after": sample_after}, epochs=1)
    run = TaskRun(task, "cpu")
    time.sleep(3 * EVERY)
    assert run.advance().outcome == "complete"
    assert not (Path(task.folder) / SYSTEM).exists()


@pytest.mark.usefixtures("sampled")
def test_a_task_that_fails_keeps_them(make_task: MakeTask) -> None:
    task = make_task(task={"sample_after": 0.0}, lambda_growth=1e30, epochs=50)
    run = TaskRun(task, "cpu")
    time.sleep(3 * EVERY)
    while (report := run.advance()).outcome == "running":
        pass
    assert report.outcome == "failed"
    assert system_lines(Path(task.folder))
