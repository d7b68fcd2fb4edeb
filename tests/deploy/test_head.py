"""What the head of `cluster.yaml` sets up, with a real PostgreSQL and in a copy of /etc."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from services import Postgres

ROOT = Path(__file__).parents[2]

SUDO = """\
#!/usr/bin/env bash
while [[ $1 == -* ]]; do [[ $1 == -u ]] && shift; shift; done
exec "$@"
"""

SETUP = """\
set -e
mount --make-rprivate /
mount --bind "$COPY/etc" /etc
mkdir -p /opt && mount --bind "$COPY/opt" /opt
bash "$ROOT/deploy/aws/setup-head"
. "$ROOT/deploy/aws/env"
env >"$COPY/environment"
"""


class Head:
    """A home, an /etc and an /opt that only the set-up sees."""

    def __init__(self, folder: Path, database: Postgres) -> None:
        self.folder = folder
        self.database = database
        self.settings = folder / "home" / ".symray"
        self.settings.mkdir(parents=True)
        shutil.copytree("/etc", folder / "etc", symlinks=True)
        (folder / "opt" / "symray").mkdir(parents=True)
        shutil.copytree(ROOT / "mlflow", folder / "opt" / "symray" / "mlflow")
        tools = folder / "bin"
        tools.mkdir()
        for name, text in {
            "sudo": SUDO,
            "apt-get": "#!/bin/sh\n",
            "systemctl": "#!/bin/sh\n",
        }.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.environment = {
            "PATH": f"{tools}:{os.environ['PATH']}:/usr/sbin:/sbin",
            "HOME": str(folder / "home"),
            "COPY": str(folder),
            "ROOT": str(ROOT),
            **database.environment(),
        }

    def set_up(self) -> "subprocess.CompletedProcess[str]":
        command = ["unshare", "--mount", "bash", "-c", SETUP]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def jobs_see(self) -> dict[str, str]:
        """The environment that `ray start` gets, and from it each job."""
        lines = (self.folder / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.fixture
def head(tmp_path: Path, make_postgres: Callable[..., Postgres]) -> Head:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can show a script another /etc, and needs `unshare`")
    return Head(tmp_path, make_postgres())


def test_the_head_makes_its_passwords_once_and_drivers_find_them(head: Head) -> None:
    done = head.set_up()
    assert done.returncode == 0, done.stderr
    first = (head.settings / "passwords").read_text()
    again = head.set_up()
    assert again.returncode == 0, again.stderr
    assert (head.settings / "passwords").read_text() == first

    secrets = [line.partition("=")[2] for line in first.splitlines()]
    assert len(set(secrets)) == 4
    assert not [s for s in secrets if s in done.stdout + done.stderr + again.stdout + again.stderr]
    etc = head.folder / "etc" / "symray"
    written = [*head.settings.iterdir(), *etc.iterdir()]
    assert {path.name for path in written} == {
        *("passwords", "pgpass", "head.env", "mlflow.env", "mlflow.pgpass"),
    }
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in written)

    jobs = head.jobs_see()
    assert jobs["RAY_AUTH_MODE"] == "token"
    assert jobs["SYMRAY_DATABASE"] == "postgresql+psycopg://symray@127.0.0.1/symray"
    assert jobs["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"
    for role, passfile in (("symray", jobs["PGPASSFILE"]), ("mlflow", etc / "mlflow.pgpass")):
        with psycopg.connect(
            host=head.database.address,
            port=head.database.port,
            user=role,
            dbname=role,
            passfile=str(passfile),
        ) as connection:
            assert connection.execute("SELECT current_user::text").fetchone() == (role,)


def test_a_database_elsewhere_needs_both_addresses(head: Head) -> None:
    (head.settings / "cluster.env").write_text(
        "SYMRAY_DATABASE=postgresql+psycopg://symray@database.example/symray\n"
    )
    refused = head.set_up()
    assert refused.returncode != 0
    assert "MLFLOW_BACKEND_STORE_URI: must be set in cluster.env" in refused.stderr
    with (head.settings / "cluster.env").open("a") as file:
        file.write("MLFLOW_BACKEND_STORE_URI=postgresql+psycopg://mlflow@database.example/mlflow\n")
    done = head.set_up()
    assert done.returncode == 0, done.stderr
    assert head.jobs_see()["SYMRAY_DATABASE"].endswith("@database.example/symray")
    with head.database.connect() as connection:
        names = connection.execute("SELECT datname::text FROM pg_database").fetchall()
    assert ("mlflow",) not in names
