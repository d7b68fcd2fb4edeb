"""Servers for tests, as a pytest plugin: PostgreSQL and an object store, on ports of their own.

They are started and ended by process id, listen on loopback, and leave nothing behind.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

PATIENCE = 120.0
"""Seconds that a server may take to answer on a busy machine."""


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(answers: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server answers; fails with the end of its log when it has died or is silent."""
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} does not answer: {log.read_text()[-2000:]}")
        time.sleep(0.1)


def accepts(port: int, address: str = "127.0.0.1") -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def end(process: "subprocess.Popen[bytes]", how: int = signal.SIGTERM) -> None:
    """Send a signal and wait; SIGKILL after a while."""
    process.send_signal(how)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Postgres:
    """A PostgreSQL server of Debian's package with a superuser ``postgres`` and a password.

    It refuses to run as root, so root starts it as the user ``postgres`` or ``nobody``.

    Args:
        user: the system's user that runs it; None for the one that runs the tests.
        address: where it listens; hosts of the same network may connect.
    """

    password = "a password of the tests"

    def __init__(self, user: str | None, address: str = "127.0.0.1") -> None:
        # Not pytest's folder, which other users may not enter; short, for the socket's sake.
        self.folder = Path(tempfile.mkdtemp(prefix="symray-postgres-"))
        self.address = address
        self.port = free_port()
        self.log = self.folder / "log"
        self._as_user: dict[str, Any] = (
            {"user": user, "group": user_group(user), "extra_groups": []} if user else {}
        )
        self._process: subprocess.Popen[bytes] | None = None
        if user:
            shutil.chown(self.folder, user, user_group(user))
        self._initialise()

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self._run(
            *("initdb", "-D", self.folder / "data", "-U", "postgres", "--pwfile", secret),
            *("--auth-host=scram-sha-256", "--auth-local=trust", "--no-sync"),
            *("--encoding=UTF8", "--locale=C.UTF-8"),
        )
        secret.unlink()
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet scram-sha-256\n")

    def _run(self, tool: str, *arguments: object) -> None:
        command = [program(tool), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, cwd=self.folder, **self._as_user)
        if done.returncode:
            raise RuntimeError(f"{tool} failed: {done.stderr.decode()[-2000:]}")

    def start(self) -> None:
        """Start it, or start it again over the same data, and wait until it answers."""
        options = {
            "listen_addresses": self.address,
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",  # outlives a killed process, only not a power cut
            "max_connections": 60,
        }
        command = [program("postgres"), "-D", str(self.folder / "data")]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **self._as_user
            )
        wait_for(self._answers, self._process, self.log)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            self.connect().close()
            return True
        return False

    def stop(self, crash: bool = False) -> None:
        """End it: connections are cut; with ``crash`` nothing is written down before."""
        if self._process is not None:
            end(self._process, signal.SIGQUIT if crash else signal.SIGINT)
            self._process = None

    def remove(self) -> None:
        """End it and delete its data."""
        self.stop(crash=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """What psql, pg_dump and every driver read: the server and its password."""
        return {
            "PGHOST": self.address,
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGPASSWORD": self.password,
        }

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the superuser; every statement is a transaction of its own."""
        return psycopg.connect(
            host=self.address,
            port=self.port,
            user="postgres",
            password=self.password,
            dbname=database,
            connect_timeout=5,
            autocommit=True,
        )

    def create_database(self, name: str) -> str:
        """Make an empty database, in place of one of that name; its address for SQLAlchemy.

        The address holds no password: it is in ``PGPASSWORD``, see :meth:`environment`.
        """
        with self.connect() as connection:
            for statement in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}"):
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
        return f"postgresql+psycopg://postgres@{self.address}:{self.port}/{name}"


def program(name: str) -> str:
    """A program of PostgreSQL's server, which Debian keeps off the path.

    Raises:
        FileNotFoundError: it isn't installed.
    """
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    path = os.pathsep.join([*map(str, reversed(versions)), os.environ["PATH"]])
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(name)
    return found


def user_group(user: str) -> int:
    """A system's user's own group."""
    return pwd.getpwnam(user).pw_gid


def unprivileged_user() -> str | None:
    """Who runs PostgreSQL for root; None when the tests aren't run by root.

    Raises:
        KeyError: there is no such user.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise KeyError("nobody")


@pytest.fixture(scope="session")
def make_postgres() -> Iterator[Callable[..., Postgres]]:
    """Starts PostgreSQL servers of a test's own (``address=...``), and removes them at the end."""
    servers: list[Postgres] = []

    def make(address: str = "127.0.0.1") -> Postgres:
        try:
            user = unprivileged_user()
            program("initdb")
        except KeyError:
            pytest.skip("root can't run PostgreSQL and there is no user `postgres` or `nobody`")
        except FileNotFoundError:
            pytest.skip("PostgreSQL is not installed (Debian's package `postgresql`)")
        server = Postgres(user, address)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.remove()


@pytest.fixture(scope="session")
def postgres(make_postgres: Callable[..., Postgres]) -> Postgres:
    """One PostgreSQL server for all tests; each makes a database of its own in it.

    A test that stops it starts it again.
    """
    return make_postgres()


@pytest.fixture
def server(
    make_postgres: Callable[..., Postgres], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Postgres]:
    """A PostgreSQL server of the test's own, to be stopped at will, with a database for studies."""
    made = make_postgres()
    monkeypatch.setenv("SYMRAY_DATABASE", made.create_database("studies"))
    monkeypatch.setenv("PGPASSWORD", made.password)
    yield made
    made.remove()


class S3Server:
    """An object store that speaks S3, in a process of its own; what it holds is gone with it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = folder / "s3.log"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        wait_for(lambda: accepts(self.port), self._process, self._log)

    def environment(self) -> dict[str, str]:
        """What boto3, MLflow and Arrow read: where it is, and credentials."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ENDPOINT_URL_S3": self.address,
            "MLFLOW_S3_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def create_bucket(self, name: str) -> str:
        """Make an empty bucket; its address."""
        self.client().create_bucket(Bucket=name)
        return f"s3://{name}"

    def client(self) -> Any:
        """boto3's client of this server, whose methods are made at run time."""
        import boto3

        known = self.environment()
        return boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name=known["AWS_DEFAULT_REGION"],
            aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
        )

    def pause(self) -> None:
        """It stops answering and drops nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it."""
        self.go_on()
        end(self._process)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One object store for all tests; each makes a bucket of its own in it."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.remove()
