"""A Ray cluster from outside: every command is the same command, run as a job on its head."""

import asyncio
import logging
import re
import shlex
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import symray
from symray.errors import UserError
from symray.scheduling.cluster.greeting import check_dashboard
from symray.scheduling.cluster.token import token_sentence

MARK = "=== symray ==="
"""What a job prints before the command's own output."""

POLL = 0.5

_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)

SEE_PACKAGES = (
    "import importlib.util, sys; wanted = ('ray', 'torch', 'optuna', 'mlflow', 'typer'); "
    "no = [name for name in wanted if not importlib.util.find_spec(name)]; "
    'no and print(f\'Error: {sys.executable} on the head of the cluster has no {", ".join(no)}: '
    "start Ray there with the bin folder of the environment of symray first in PATH'); "
    "sys.exit(2 if no else 0)"
)
"""The job's ``python`` is whatever the head's PATH finds, not always Ray's own."""

Write = Callable[[str], None]


class RemoteCluster:
    """The Jobs API of a cluster.

    Args:
        address: of its dashboard, as http://HEAD:8265.

    Raises:
        UserError: nothing answers there, something else does, or it refuses the token.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        with self._answering():
            try:
                from ray.job_submission import JobSubmissionClient
            except ImportError:
                raise UserError(
                    "the Jobs API of Ray is not installed here: pip install 'symray[cluster]'"
                ) from None
            check_dashboard(self.address)
            self._client = JobSubmissionClient(self.address)
            for name in _TALKATIVE:  # they set their own levels
                logging.getLogger(name).setLevel(logging.ERROR)

    def submit(
        self,
        arguments: Sequence[str],
        studies: Sequence[str] = (),
        folder: Path | None = None,
        quiet: bool = False,
    ) -> str:
        """Start ``symray ARGUMENTS`` on the head.

        Args:
            arguments: of the command.
            studies: that it drives; none for a command that looks or asks.
            folder: sent along, the command's current folder.
            quiet: only its results are wanted, and its notes only where it fails.

        Returns:
            The job's id.
        """
        command = f"python -m symray {shlex.join(arguments)}"
        if quiet:
            command = f"{{ {command} 2>notes || {{ code=$?; cat notes; exit $code; }}; }}"
        # Whoever set the cluster up says where studies are; by default in the home directory.
        where = 'unset SYMRAY_ADDRESS; export SYMRAY_HOME="${SYMRAY_HOME:-$HOME/symray}"'
        see = f"python -c {shlex.quote(SEE_PACKAGES)}"
        with tempfile.TemporaryDirectory(prefix="symray-empty-") as empty, self._answering():
            return str(
                self._client.submit_job(
                    entrypoint=f"echo '{MARK}'; {where}; {see} && {command}",
                    submission_id=f"symray-{'-'.join(studies[:1] or arguments[:1])}-"
                    f"{uuid.uuid4().hex[:8]}",
                    metadata={"symray.studies": " ".join(studies)},
                    runtime_env={
                        "working_dir": str(folder or empty),
                        "py_modules": [str(Path(symray.__file__).parent)],
                        "excludes": ["__pycache__", "*.pyc"],
                    },
                )
            )

    def follow(self, job: str, write: Write) -> int:
        """Pass on what a job prints until it ends.

        Returns:
            Its exit code.
        """
        show = _after_mark(write)

        async def tail() -> None:
            async for text in self._client.tail_job_logs(job):
                show(text)

        with self._answering(f"job {job} goes on there; look again with --address later"):
            self._wait(job, lambda status: status != "PENDING")
            asyncio.run(tail())
            return self._exit_code(job)

    def wait_until(self, job: str, printed: re.Pattern[str], write: Write) -> int | None:
        """Wait until a job has printed this; its exit code, all passed on, if it ends before."""
        with self._answering():
            while True:
                ended = self._status(job) not in ("PENDING", "RUNNING")
                text = str(self._client.get_job_logs(job))
                if printed.search(text):
                    return None
                if ended:
                    _after_mark(write)(text)
                    return self._exit_code(job)
                time.sleep(POLL)

    def has_ended(self, job: str, within: float) -> bool:
        """Whether a job ends within so many seconds."""
        end = time.monotonic() + within
        with self._answering():
            while self._status(job) in ("PENDING", "RUNNING"):
                if time.monotonic() > end:
                    return False
                time.sleep(POLL)
        return True

    def driver_job(self, study: str) -> str:
        """The newest job that drives, or has driven, a study.

        Raises:
            UserError: there is none.
        """
        with self._answering():
            jobs = [
                job
                for job in self._client.list_jobs()
                if job.submission_id and study in _studies(job)
            ]
        if not jobs:
            raise UserError(
                f"no job on {self.address} has driven study '{study}' since that cluster was "
                f"started; see its trials with `symray status {study} --address {self.address}`"
            )
        return str(max(jobs, key=lambda job: job.start_time or 0).submission_id)

    def log(self, job: str, write: Write) -> None:
        """Pass on what a job has printed so far."""
        with self._answering():
            _after_mark(write)(str(self._client.get_job_logs(job)))

    def _wait(self, job: str, happened: Callable[[str], bool]) -> None:
        while not happened(self._status(job)):
            time.sleep(POLL)

    def _status(self, job: str) -> str:
        return str(self._client.get_job_status(job).value)

    def _exit_code(self, job: str) -> int:
        self._wait(job, lambda status: status not in ("PENDING", "RUNNING"))
        info = self._client.get_job_info(job)
        if info.driver_exit_code is not None:
            return int(info.driver_exit_code)
        if str(info.status.value) == "SUCCEEDED":
            return 0
        raise UserError(f"job {job} on {self.address} ended without a result: {info.message}")

    @contextmanager
    def _answering(self, otherwise: str = "") -> Iterator[None]:
        """Turn whatever the Jobs API or the network raises into one sentence."""
        try:
            yield
        except (UserError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise UserError(f"{self._sentence(error)}{otherwise and f'; {otherwise}'}") from error

    def _sentence(self, error: Exception) -> str:
        text = " ".join(str(error).split())
        if type(error).__name__ == "AuthenticationError":
            return token_sentence(self.address, "Missing" in text)
        if isinstance(error, OSError | RuntimeError) and _is_away(error):
            return (
                f"no Ray cluster answers at {self.address}; is its head running, and is the "
                "dashboard's port, 8265 by default, forwarded to here (ray dashboard cluster.yaml)?"
            )
        return f"the Ray cluster at {self.address} refused: {text[:300]}"


def _is_away(error: BaseException) -> bool:
    words = ("connect", "connection", "timed out", "closed", "resolve", "unreachable")
    return any(word in str(error).lower() for word in words)


def _studies(job: Any) -> list[str]:
    metadata: dict[str, str] = job.metadata or {}
    return metadata.get("symray.studies", "").split()


def _after_mark(write: Write) -> Write:
    """Drops what Ray prints, mostly before the command begins."""
    held: list[str] | None = []

    def show(text: str) -> None:
        nonlocal held
        if held is not None:
            held.append(text)
            _, mark, text = "".join(held).partition(f"{MARK}\n")
            if not mark:
                return
            held = None
        text = re.sub(r"^Running entrypoint for job .*\n", "", text, flags=re.MULTILINE)
        if text:
            write(text)

    return show
