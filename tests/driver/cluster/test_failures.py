"""What fails under a running study, for real: it goes on, or one command goes on with it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from watching import Watching, after

from services import Postgres
from symray.driver.launch import launch
from symray.record.storage import database_lease
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.study_file import load_study_file

WriteStudy = Callable[[Path, str], Path]
Ledger = Callable[[StudyRecord], None]


@pytest.mark.usefixtures("embedded_store")
def test_a_study_survives_the_restart_of_its_database(
    server: Postgres,
    study_home: Path,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
) -> None:
    (file,) = load_study_file(
        write_study(tmp_path, "restarted"), ["training.epochs=8", "concurrency=2"]
    )

    def restart() -> None:
        server.stop(crash=True)
        threading.Timer(4, server.start).start()

    progress = Watching(after(5, restart))
    record = launch(file, progress, threading.Event())
    assert record.complete
    assert [t.state.name for t in record.trials()] == ["COMPLETE"] * 3
    assert_ledger(record)
    assert any("does not answer; waiting for it" in said for said in progress.messages)
    everything = [p.read_bytes() for p in study_home.rglob("*") if p.is_file()]
    assert not any(server.password.encode() in content for content in everything)


@pytest.mark.slow
def test_a_driver_that_lost_its_lease_stops_and_the_next_one_ends_the_study(
    server: Postgres,
    study_home: Path,
    tmp_path: Path,
    write_study: WriteStudy,
    assert_ledger: Ledger,
) -> None:
    """As after a SIGSTOP: somebody else has taken the study meanwhile."""
    (file,) = load_study_file(write_study(tmp_path, "taken"), ["training.epochs=8"])

    def take() -> None:
        with server.connect("studies") as other:
            other.execute("UPDATE symray_leases SET fence = fence + 1, holder = 'process 1 on x'")

    with pytest.raises(database_lease.LeaseLostError, match="process 1 on x has taken study"):
        launch(file, Watching(after(3, take)), threading.Event())
    assert [t.state.name for t in StudyRecord.open("taken").trials()] == ["RUNNING"]

    from symray.driver.launch import resume

    record = resume("taken", Progress(), threading.Event(), take_over=True)
    assert record.complete
    assert_ledger(record)


HUNGRY = '''
import ray, torch
from symray.models.vae import VAE


class Hungry(VAE):
    """Wants a whole GPU."""

    def loss(self, *args, **kwargs):
        if ray.get_runtime_context().get_assigned_resources().get("GPU", 0) < 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().loss(*args, **kwargs)
'''

WITH_GPU = """
import sys, threading, ray
from pathlib import Path
ray.init(num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
from symray.driver.launch import launch
from symray.study_file import load_study_file
from symray.search.progress import Progress
from symray.record.task_folder import last_line, outcome_of
from symray.tasks.task import Task

class Said(Progress):
    def message(self, text):
        print(text, file=sys.stderr, flush=True)

(file,) = load_study_file(Path(sys.argv[1]), sys.argv[2:])
record = launch(file, Said(), threading.Event())
folders = [record.trial_folder(t.number) for t in record.trials()] + record.confirmation_folders()
print([t.state.name for t in record.trials()], [outcome_of(f) for f in folders[1:]])
print([(last_line(f)["epoch"], Task.load(f).gpu) for f in folders])
"""


@pytest.mark.slow
@pytest.mark.parametrize("retry", [True, False])
def test_a_trial_out_of_gpu_memory(
    retry: bool, study_home: Path, tmp_path: Path, write_study: WriteStudy
) -> None:
    """Ray is told of a GPU that isn't there; the model says what torch would say.

    What the trial turned out to need, its confirmation has at once.
    """
    path = write_study(tmp_path, "hungry")
    package = tmp_path / "lab"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(HUNGRY)
    options = ["model=lab.models:Hungry", f"code={package}", "trials=1"]
    options += [
        "search={beta: null, lambda_growth: {low: 1.0, high: 1.1}}",
        "reference=false",
        "confirmation={top: 1, seeds: 1}",
    ]
    options += [f"resources={{cpu: 1, gpu: 0.25{', retry_gpu: 1' if retry else ''}}}"]
    done = subprocess.run(
        [sys.executable, "-c", WITH_GPU, str(path), *options],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    states, needed = done.stdout.splitlines()[-2:]
    if retry:
        assert done.stderr.count("it is tried again with gpu: 1") == 1
        assert states.count("COMPLETE") == 2
        assert needed == "[(2, 1.0), (2, 1.0)]"
    else:
        assert (states, needed) == ("['FAIL'] []", "[(0, None)]")
        record = StudyRecord.open("hungry")
        reason = record.trial(0).user_attrs["reason"]
        assert "(CUDA out of memory)" in reason
        assert "resources.retry_gpu" in reason
