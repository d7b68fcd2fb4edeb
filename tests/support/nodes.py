"""Nodes of Ray on hosts of their own, as on real machines, or as processes where none can be had.

Everything is ended by process id.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from hosts import Host, Network, why_not
from services import accepts, free_port

BIN = Path(sys.executable).parent

PATIENCE = 120.0
"""Seconds that a node may take to start on a busy machine."""


def wait_until(
    happened: Callable[[], bool],
    process: "subprocess.Popen[bytes] | subprocess.Popen[str] | None" = None,
    seconds: float = 180,
) -> None:
    """Wait for something; fails when it doesn't happen, or a process ends before."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert process is None or process.poll() is None, "the study has ended"
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.2)


class Nodes:
    """A Ray cluster of a head, which runs drivers, and of workers.

    Args:
        folder: logs, and the shared folder of studies, ``home``.
        env: of drivers.
    """

    gcs: str
    dashboard: str
    nowhere: str
    """An address at which nobody listens."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "PYTEST"))},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "RAY_USAGE_STATS_ENABLED": "0",
            "OMP_NUM_THREADS": "1",
            "SYMRAY_HOME": str(self.home),
            **env,
        }

    @property
    def outside(self) -> dict[str, str]:
        """The environment of a machine that isn't of the cluster and has its token."""
        return {k: v for k, v in self.env.items() if k not in ("SYMRAY_HOME", "TMPDIR")}

    def epochs(self, study: str) -> int:
        """Epochs that a study's trials have recorded."""
        paths = (self.home / study).glob("trials/*/metrics.jsonl")
        return sum(path.read_text().count("\n") for path in paths)

    def on_head(self, command: Sequence[str]) -> list[str]:
        """The command line that runs ``command`` on the head."""
        return list(command)

    def run(
        self, *command: str, timeout: float = 300, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program on the head to its end."""
        return subprocess.run(
            self.on_head(command),
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def symray(self, *arguments: str, **env: str) -> "subprocess.Popen[bytes]":
        """Start the command on the head, attached to the cluster, in a session of its own."""
        with (self.folder / "symray.log").open("ab") as log:
            return subprocess.Popen(
                self.on_head([str(BIN / "symray"), *arguments]),
                env=self.env | {"RAY_ADDRESS": self.gcs} | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> str:
        """What these commands have printed so far."""
        return (self.folder / "symray.log").read_text()


class RayNodes(Nodes):
    """A Ray cluster over hosts, with token authentication, as ``ray start`` makes it.

    Args:
        network: where its hosts are.
        folder: logs, the shared folder of studies.
        env: of all nodes, beyond the usual.
    """

    def __init__(self, network: Network, folder: Path, env: Mapping[str, str]) -> None:
        token = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "a-token-of-the-tests-" + "0" * 24,
            "TMPDIR": str(folder / "ray" / "tmp"),
        }
        super().__init__(folder, token | dict(env))
        self.network = network
        self.nowhere = f"{network.address}:6379"
        self.disk = folder / "ray"
        """What Ray keeps on each node; every host sees its own."""
        self.disk.mkdir()
        self.head = network.add_host()
        self.gcs = f"{self.head.address}:6379"
        self.dashboard = f"http://{self.head.address}:8265"
        self.start_head()

    def start_head(self, cpus: int = 0) -> None:
        """Start the head; it runs drivers, and trials only if it has cores."""
        self._ray(
            self.head,
            *("--head", "--port=6379", "--dashboard-host=0.0.0.0", "--dashboard-port=8265"),
            *(f"--num-cpus={cpus}", f"--temp-dir={self.disk}"),
        )
        self._wait(lambda: accepts(8265, self.head.address), self.head)

    @property
    def workers(self) -> list[Host]:
        """The hosts that run trials, in the order of their addresses."""
        return [host for host in self.network.hosts if host is not self.head]

    def add_worker(self, cpus: int = 1, **env: str) -> Host:
        """One more node."""
        host = self.network.add_host()
        self.start_worker(host, cpus, **env)
        return host

    def start_worker(self, host: Host, cpus: int = 1, **env: str) -> None:
        """Start a node on a host, again perhaps."""
        log = self.folder / f"{host.name}.log"
        before = log.stat().st_size if log.exists() else 0
        self._ray(host, f"--address={self.gcs}", f"--num-cpus={cpus}", **env)
        self._wait(lambda: b"Ray runtime started" in log.read_bytes()[before:], host)

    def on_head(self, command: Sequence[str]) -> list[str]:
        """The command line that runs ``command`` on the head."""
        return self.head.command(command, self.disk)

    def _ray(self, host: Host, *options: str, **env: str) -> None:
        command = [str(BIN / "ray"), "start", *options]
        command += [f"--node-ip-address={host.address}", "--object-store-memory=100000000"]
        command += ["--disable-usage-stats", "--block"]
        log = self.folder / f"{host.name}.log"
        self._newest = host.start(command, self.env | env, self.disk, log)

    def _wait(self, happened: Callable[[], bool], host: Host) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline or self._newest.poll() is not None:
                log = self.folder / f"{host.name}.log"
                raise RuntimeError(f"a node does not start: {log.read_text()[-2000:]}")
            time.sleep(0.3)


class LocalNodes(Nodes):
    """Nodes that are processes of this machine; they can be killed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        port = free_port()
        # Jobs run by the python of the head's PATH.
        self._own = {name: self.env[name] for name in ("PATH", "SYMRAY_HOME")}
        head = {"num_cpus": 0, "include_dashboard": True, "dashboard_port": port}
        self._cluster = Cluster(
            initialize_head=True, head_node_args={**head, "env_vars": self._own}
        )
        self.gcs = self._cluster.address
        self.dashboard = f"http://127.0.0.1:{port}"
        self.nowhere = f"127.0.0.1:{free_port()}"
        self.workers: list[LocalNode] = []

    def add_worker(self) -> "LocalNode":
        """One more node."""
        self.workers.append(LocalNode(self._cluster, self._own))
        return self.workers[-1]

    def start_worker(self, node: "LocalNode") -> None:
        """Start one like it, in its place."""
        self.workers[self.workers.index(node)] = LocalNode(self._cluster, self._own)

    def remove(self) -> None:
        """End all nodes."""
        self._cluster.shutdown()  # type: ignore[no-untyped-call]


class LocalNode:
    """A node with one core."""

    def __init__(self, cluster: Cluster, env: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._node = cluster.add_node(num_cpus=1, env_vars=dict(env))

    def crash(self) -> None:
        """Kill it."""
        self._cluster.remove_node(self._node, allow_graceful=False)


@pytest.fixture(scope="module")
def ray_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    """A cluster of a head and two workers with one core each, for the tests of a module."""
    if reason := why_not():
        pytest.skip(reason)
    network = Network()
    # Not pytest's folder: the sockets of Ray need a short path.
    folder = Path(tempfile.mkdtemp(prefix="symray-"))
    try:
        nodes = RayNodes(network, folder, {})
        nodes.add_worker()
        nodes.add_worker()
        yield nodes
    finally:
        network.remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def nodes(request: pytest.FixtureRequest) -> Iterator[Nodes]:
    """The same; where there can't be hosts, nodes that are processes, and a warning that says so.

    Those have no token, and no network that could be cut.
    """
    reason = why_not()
    if reason is None:
        yield request.getfixturevalue("ray_nodes")
        return
    warnings.warn(f"Ray's nodes are only processes here: {reason}", stacklevel=1)
    folder = Path(tempfile.mkdtemp(prefix="symray-"))
    made = LocalNodes(folder)
    try:
        made.add_worker()
        made.add_worker()
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder, ignore_errors=True)
