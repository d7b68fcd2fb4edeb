"""Several hosts on one machine: network namespaces on a bridge, each with its own address.

Links can be cut. Needs root and Debian's iproute2. Everything is ended by process id.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class Network:
    """A bridge ``10.N.0.254`` and hosts ``10.N.0.1``, ... behind it."""

    def __init__(self) -> None:
        self.number = _add_bridge()
        self.bridge = f"symray{self.number}"
        self.address = f"10.{self.number}.0.254"
        self.hosts: list[Host] = []
        _ip("addr", "add", f"{self.address}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")

    def add_host(self) -> "Host":
        """One more host."""
        host = Host(self, len(self.hosts) + 1)
        self.hosts.append(host)
        return host

    def remove(self) -> None:
        """End every host and the bridge."""
        for host in self.hosts:
            host.remove()
        _ip("link", "delete", self.bridge)


class Host:
    """A network namespace with a disk of its own; the rest of the files are the machine's."""

    def __init__(self, network: Network, index: int) -> None:
        self.name = f"{network.bridge}-{index}"
        self.address = f"10.{network.number}.0.{index}"
        self._outside = f"sr{network.number}o{index}"
        inside = f"sr{network.number}i{index}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._disk = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        (self._disk / "tmp").mkdir()
        _ip("netns", "add", self.name)
        _ip("link", "add", self._outside, "type", "veth", "peer", "name", inside)
        _ip("link", "set", inside, "netns", self.name)
        _ip("link", "set", self._outside, "master", network.bridge)
        _ip("link", "set", self._outside, "up")
        for command in (
            ("addr", "add", f"{self.address}/24", "dev", inside),
            ("link", "set", inside, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", self.name, *command)

    def command(self, command: Sequence[str], private: Path) -> list[str]:
        """The command line that runs ``command`` on the host, its own disk at ``private``."""
        own = 'mount --bind "$0" "$1" && shift && exec "$@"'
        there = ["ip", "netns", "exec", self.name, "unshare", "--mount"]
        return [*there, "sh", "-c", own, str(self._disk), str(private), *command]

    def start(
        self, command: Sequence[str], env: Mapping[str, str], private: Path, log: Path
    ) -> "subprocess.Popen[bytes]":
        """Start a program on the host, in a process group of its own."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.command(command, private),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def cut(self) -> None:
        """Take its cable out: nothing arrives, nothing is refused."""
        _ip("link", "set", self._outside, "down")

    def mend(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self._outside, "up")

    def processes(self) -> list[int]:
        """Everything that runs on the host."""
        found = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True)
        return [int(word) for word in found.stdout.split()]

    def crash(self) -> None:
        """Kill everything on the host at once, as a power cut does."""
        for _ in range(5):
            for process in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            if not self.processes():
                break
            time.sleep(0.2)
        for started in self._processes:
            started.wait()
        self._processes.clear()

    def remove(self) -> None:
        """End everything on the host, and the host."""
        self.crash()
        _ip("netns", "delete", self.name)
        shutil.rmtree(self._disk, ignore_errors=True)


def _add_bridge() -> int:
    """A bridge of a number that is free: others run tests, too, and a killed run leaves its own."""
    for step in range(200):
        number = 10 + (os.getpid() + step) % 200
        try:
            _ip("link", "add", f"symray{number}", "type", "bridge")
        except RuntimeError as error:
            if "File exists" not in str(error):
                raise
        else:
            return number
    raise RuntimeError(
        "200 bridges called symray… are there: `ip link delete` those of killed runs"
    )


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def why_not() -> str | None:
    """Why there can't be hosts here; None where there can."""
    if shutil.which("ip") is None:
        return "there is no `ip` (Debian's package `iproute2`)"
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        _ip("netns", "add", f"symray-try-{os.getpid()}")
        _ip("netns", "delete", f"symray-try-{os.getpid()}")
    except RuntimeError as error:
        return f"network namespaces are refused here ({error})"
    return None
