"""The Slurm script with its real Ray and real signals; only `srun` and `scontrol` are stood in for.

It runs in a process namespace of its own, because `ray symmetric-run` ends every Ray that it sees.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from ray.util import get_node_ip_address

from symray.study.folder import metric_lines

SCRIPT = Path(__file__).parents[2] / "deploy" / "slurm" / "study.sbatch"

SRUN = """\
#!/usr/bin/env bash
while [[ $1 == --* ]]; do shift; done
exec "$@"
"""

SCONTROL = """\
#!/usr/bin/env bash
case $1 in
  show) echo {node} ;;
  requeue) echo "$2" >>{requeued} ;;
esac
"""


class Slurm:
    """Starts the script as `sbatch` would on one node."""

    def __init__(self, folder: Path, study: Path, ray: Path) -> None:
        self.home = folder / "home"
        self.requeued = folder / "requeued"
        self.log = folder / "log"
        tools = folder / "bin"
        tools.mkdir()
        scontrol = SCONTROL.format(node=get_node_ip_address(), requeued=self.requeued)
        for name, text in (("srun", SRUN), ("scontrol", scontrol)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "STUDY": str(study),
            "SYMRAY_HOME": str(self.home),
            "SYMRAY_VENV": str(Path(sys.executable).parent.parent),
            "SLURM_JOB_ID": str(os.getpid()),
            "SLURM_JOB_NODELIST": "node",
            "SLURM_JOB_NUM_NODES": "1",
            "SLURM_SUBMIT_DIR": str(folder),
            "RAY_TMPDIR": str(ray),
            "OMP_NUM_THREADS": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*namespace, "bash", SCRIPT], env=self.environment, stdout=log, stderr=log
            )
        return self.process

    def signal_script(self) -> None:
        """What ``--signal=B:TERM`` does before the time limit."""
        assert self.process is not None
        (script,) = psutil.Process(self.process.pid).children()
        script.send_signal(signal.SIGTERM)

    def said(self) -> str:
        return self.log.read_text()[-3000:]


@pytest.fixture
def slurm(tmp_path: Path, write_study: Callable[[Path, str], Path]) -> Iterator[Slurm]:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root makes a process namespace, and needs `unshare`")
    study = write_study(tmp_path, "queued")
    # Long enough to be cut by the limit; the second start has no limit.
    text = study.read_text().replace(
        "epochs: 2, steps_per_epoch: 5", "epochs: 60, steps_per_epoch: 20"
    )
    study.write_text(
        text.replace("trials: 3", "trials: 2").replace("{top: 1, seeds: 2}", "{top: 0}")
    )
    ray = Path(tempfile.mkdtemp(prefix="sr-"))  # Ray's sockets need a short path
    job = Slurm(tmp_path, study, ray)
    yield job
    if job.process is not None and job.process.poll() is None:
        job.process.kill()
    shutil.rmtree(ray, ignore_errors=True)


@pytest.mark.slow
def test_a_job_cut_by_its_limit_is_requeued_and_goes_on(slurm: Slurm) -> None:
    trials = slurm.home / "queued" / "trials"
    first = slurm.start()
    deadline = time.monotonic() + 180
    while len(metric_lines(trials / "0000")) < 3:
        assert first.poll() is None, slurm.said()
        assert time.monotonic() < deadline, slurm.said()
        time.sleep(0.1)
    slurm.signal_script()
    assert first.wait(120) == 0, slurm.said()
    assert slurm.requeued.read_text().split() == [slurm.environment["SLURM_JOB_ID"]]
    stopped_at = len(metric_lines(trials / "0000"))
    assert 3 <= stopped_at < 60, "the limit came after the end"
    assert list((trials / "0000" / "checkpoints").glob("*/manifest.json"))
    (token,) = slurm.home.glob(".ray-token-*")
    assert token.stat().st_mode & 0o077 == 0

    second = slurm.start()
    assert second.wait(300) == 0, slurm.said()
    assert slurm.requeued.read_text().count("\n") == 1
    assert len(list(trials.iterdir())) == 2
    for trial in trials.iterdir():
        lines = (trial / "metrics.jsonl").read_text().splitlines()
        assert len(lines) == 60, "an epoch is missing or was trained twice"
    assert not list(slurm.home.glob(".ray-token-*"))
    assert not list(slurm.home.glob(".driver-*"))


def test_a_job_without_a_study_says_so(slurm: Slurm) -> None:
    slurm.environment["STUDY"] = ""
    assert slurm.start().wait(60) == 2
    assert "there is no study file ''" in slurm.said()
