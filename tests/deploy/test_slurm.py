"""The Slurm script with its real Ray on two nodes and real signals; `srun` and `scontrol` are fake.

It runs in a process namespace of its own, because `ray symmetric-run` ends every Ray that it sees.
"""

import os
import shlex
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

from hosts import Network, why_not
from symray.record.task_folder import metric_lines

SCRIPT = Path(__file__).parents[2] / "deploy" / "slurm" / "study.sbatch"
EPOCHS = 250

ALONE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

SRUN = """\
#!/usr/bin/env bash
patience=3600
while [[ $1 == --* ]]; do
  [[ $1 != --wait=* ]] || patience=${{1#*=}}
  shift
done
{other} "$@" &
other=$!
"$@"
status=$?
(sleep "$patience"; kill -KILL $other) &
wait $other
exit $status
"""

SCONTROL = """\
#!/usr/bin/env bash
case $1 in
  show) echo {node}; echo other ;;
  requeue) echo "$2" >>{requeued} ;;
esac
"""


class Slurm:
    """Starts the script as `sbatch` would on two nodes of one core each."""

    def __init__(self, folder: Path, study: Path, network: Network) -> None:
        self.ray = Path(tempfile.mkdtemp(prefix="sr-"))  # Ray's sockets need a short path
        self.home = folder / "home"
        self.requeued = folder / "requeued"
        self.log = folder / "log"
        self.node, other = network.add_host(), network.add_host()
        tools = folder / "bin"
        tools.mkdir()
        there = other.command(ALONE, self.ray)
        scripts = {
            "srun": SRUN.format(other=shlex.join(there)),
            "scontrol": SCONTROL.format(node=self.node.address, requeued=self.requeued),
        }
        for name, text in scripts.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "STUDY": str(study),
            "SYMRAY_HOME": str(self.home),
            "SYMRAY_VENV": str(Path(sys.executable).parent.parent),
            "SLURM_JOB_ID": "1234567",
            "SLURM_JOB_NODELIST": "nodes",
            "SLURM_JOB_NUM_NODES": "2",
            "SLURM_CPUS_ON_NODE": "1",
            "SLURM_SUBMIT_DIR": str(folder),
            "RAY_TMPDIR": str(self.ray),
            "OMP_NUM_THREADS": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        command = [*ALONE, "bash", str(SCRIPT)]
        self.process = self.node.start(command, self.environment, self.ray, self.log)
        return self.process

    def signal_script(self) -> None:
        """What ``--signal=B:TERM`` does before the time limit."""
        assert self.process is not None
        family = psutil.Process(self.process.pid).children(recursive=True)
        alive = [child for child in family if child.status() != psutil.STATUS_ZOMBIE]
        script, *_ = (child for child in alive if child.cmdline() == ["bash", str(SCRIPT)])
        script.send_signal(signal.SIGTERM)

    def said(self) -> str:
        return self.log.read_text()[-3000:]


@pytest.fixture
def slurm(tmp_path: Path, write_study: Callable[[Path, str], Path]) -> Iterator[Slurm]:
    if reason := why_not():
        pytest.skip(reason)
    study = write_study(tmp_path, "queued")
    text = study.read_text()
    for old, new in (
        # Long enough to be cut by the limit; the second start has no limit.
        ("epochs: 2, steps_per_epoch: 5", f"epochs: {EPOCHS}, steps_per_epoch: 20"),
        ("concurrency: 1", "concurrency: 2"),
        ("trials: 3", "trials: 2"),
        ("{top: 1, seeds: 2}", "{top: 0}"),
    ):
        assert old in text
        text = text.replace(old, new)
    study.write_text(text)
    network = Network()
    job = Slurm(tmp_path, study, network)
    yield job
    network.remove()
    shutil.rmtree(job.ray, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_job_cut_by_its_limit_is_requeued_and_goes_on(slurm: Slurm) -> None:
    trials = [slurm.home / "queued" / "trials" / number for number in ("0000", "0001")]
    first = slurm.start()
    deadline = time.monotonic() + 240
    # A trial takes a node's only core, so each runs on a node of its own.
    while min(len(metric_lines(trial)) for trial in trials) < 2:
        assert first.poll() is None, slurm.said()
        assert time.monotonic() < deadline, slurm.said()
        time.sleep(0.1)
    slurm.signal_script()
    assert first.wait(180) == 0, slurm.said()
    assert slurm.requeued.read_text().split() == [slurm.environment["SLURM_JOB_ID"]]
    for trial in trials:
        assert 2 <= len(metric_lines(trial)) < EPOCHS, "the limit came after the end"
        assert list((trial / "checkpoints").glob("*/manifest.json"))
    (token,) = slurm.home.glob(".ray-token-*")
    assert token.stat().st_mode & 0o077 == 0

    assert slurm.start().wait(400) == 0, slurm.said()
    assert slurm.requeued.read_text().count("\n") == 1
    assert sorted((slurm.home / "queued" / "trials").iterdir()) == trials
    for trial in trials:
        lines = (trial / "metrics.jsonl").read_text().splitlines()
        assert len(lines) == EPOCHS, "an epoch is missing or was trained twice"
    assert not list(slurm.home.glob(".ray-token-*"))
    assert not list(slurm.home.glob(".driver-*"))


def test_a_job_without_a_study_says_so(slurm: Slurm) -> None:
    slurm.environment["STUDY"] = ""
    assert slurm.start().wait(60) == 2
    assert "there is no study file ''" in slurm.said()
