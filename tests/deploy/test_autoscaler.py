"""A study on a cluster that grows when it is asked for more, and shrinks when it is done.

The nodes are Ray's own fake ones: raylets on this machine, started and ended by Ray's autoscaler as
if they were instances. `ray.cluster_utils.AutoscalingCluster` would start them too, but it ends
every Ray of the machine first, also those of others.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from ray.autoscaler._private.monitor import BASE_READONLY_CONFIG
from ray.util import get_node_ip_address

from services import free_port, wait_for

EPOCHS = 300
"""So many that no trial ends before the other's node is there.

Tune would give the free worker to the trial that waits, and while the node that has come for it is
let go, the next trial asks for one more.
"""

CONFIG: dict[str, Any] = {
    **BASE_READONLY_CONFIG,
    "cluster_name": "fake",
    "max_workers": 3,
    "idle_timeout_minutes": 0.1,
    "upscaling_speed": 1.0,
    "provider": {
        "type": "fake_multinode",
        "use_node_id_as_ip": True,
        "disable_node_updaters": True,
        "disable_launch_config_check": True,
        "launch_multiple": True,
    },
    "available_node_types": {
        "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
        "worker": {
            "resources": {"CPU": 1, "object_store_memory": 80_000_000},
            "node_config": {},
            "min_workers": 0,
            "max_workers": 3,  # one more than the study may have
        },
    },
    "head_node_type": "ray.head.default",
}


class FakeCluster:
    """A head without CPUs and an autoscaler that may start three nodes of one CPU each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **os.environ,
            "RAY_FAKE_CLUSTER": "1",
            "AUTOSCALER_UPDATE_INTERVAL_S": "1",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(16),
        }
        config = folder / "autoscaler.json"
        provider = {**CONFIG["provider"], "gcs_address": self.address}
        config.write_text(json.dumps({**CONFIG, "provider": provider}))
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
            *(f"--port={self.port}", "--num-cpus=0", "--object-store-memory=80000000"),
            *("--include-dashboard=false", "--dashboard-agent-listen-port=0"),
            *(f"--autoscaling-config={config}", "--disable-usage-stats"),
            f"--temp-dir={folder / 'ray'}",
        ]
        log = folder / "ray.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=output, stderr=output
            )
        self.known: set[psutil.Process] = set()
        wait_for(lambda: self.nodes() == 0, self.process, log)

    @property
    def address(self) -> str:
        # Ray takes loopback for this address, so a head on loopback would never be found.
        return f"{get_node_ip_address()}:{self.port}"

    def asked(self) -> list[int]:
        """At each of its looks, what the autoscaler saw of a study: cores had and waited for.

        In one look it may count a placement group twice, as one that has just got its core and as
        one that waits; it then starts a node too many, and lets it go.
        """
        log = (self.folder / "ray" / "session_latest" / "logs" / "monitor.log").read_text()
        looks = []
        for look in log.split("Autoscaler status")[1:]:
            had = re.search(r"of (\d+)\.0 reserved in placement groups", look)
            waiting = re.search(r"(\d+)\+ pending placement groups", look)
            looks.append(sum(int(found[1]) for found in (had, waiting) if found))
        return looks

    def nodes(self) -> int:
        """How many nodes run beside the head; -1 before it runs itself."""
        self.known |= set(psutil.Process(self.process.pid).children(recursive=True))
        return sum(is_raylet(process) for process in self.known) - 1

    def end(self) -> None:
        self.nodes()
        self.process.kill()
        for process in self.known:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()


def is_raylet(process: psutil.Process) -> bool:
    """Whether it is a node's; what a raylet forks bears its name until it becomes a worker."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != "raylet":
            return False
        parent = process.parent()
        return parent is None or parent.name() != "raylet"
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    # not pytest's folder, in whose paths of several processes Ray's sockets have no room
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        running = FakeCluster(Path(folder))
        yield running
        running.end()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nodes_come_for_a_study_and_go_after_it(
    cluster: FakeCluster, tmp_path: Path, write_study: Callable[[Path, str], Path]
) -> None:
    file = write_study(tmp_path, "growing")
    command = [
        *(sys.executable, "-m", "symray", "launch", str(file)),
        *("--set", "concurrency=2", "--set", "trials=4", "--set", "confirmation={top: 0}"),
        *("--set", "resources={cpu: 1}", "--set", f"training.epochs={EPOCHS}"),
    ]
    environment = {
        **cluster.environment,
        "SYMRAY_HOME": str(tmp_path / "home"),
        "RAY_ADDRESS": cluster.address,
        "OMP_NUM_THREADS": "1",
    }
    assert cluster.nodes() == 0
    with (tmp_path / "log").open("wb") as log:
        study = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    most = 0
    deadline = time.monotonic() + 300
    while study.poll() is None and time.monotonic() < deadline:
        most = max(most, cluster.nodes())
        time.sleep(0.2)
    if study.poll() is None:
        study.kill()
    assert study.wait() == 0, (tmp_path / "log").read_text()[-3000:]
    asked = cluster.asked()
    assert 2 <= most <= max(asked)
    assert all(min(looks) <= 2 for looks in pairwise(asked)), asked

    trials = sorted((tmp_path / "home" / "growing" / "trials").iterdir())
    assert len(trials) == 4
    assert all(
        len((trial / "metrics.jsonl").read_text().splitlines()) == EPOCHS for trial in trials
    )
    while cluster.nodes() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert cluster.nodes() == 0
