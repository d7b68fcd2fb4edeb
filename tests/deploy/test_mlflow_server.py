"""The tracking server of a team as `mlflow/serve` starts it, on a real PostgreSQL."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server.auth.client import AuthServiceClient

from services import Postgres, end, free_port, wait_for

FOLDER = Path(__file__).parents[2] / "mlflow"
ADMIN = "an admin's password"
USER = "a researcher's password"
DATABASES = {"SYMRAY_MLFLOW_PASSWORD": "mlflow's: '\"$", "SYMRAY_OPTUNA_PASSWORD": "optuna's"}


@pytest.fixture(scope="module")
def database(make_postgres: Callable[..., Postgres]) -> Postgres:
    """A PostgreSQL server with the roles and databases of databases.sql."""
    server = make_postgres()
    for _ in range(2):  # again changes nothing
        run_psql(server, DATABASES)
    return server


def run_psql(server: Postgres, secrets: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = ["psql", "-X", "-f", FOLDER / "databases.sql", "postgres"]
    environment = {**os.environ, **server.environment(), **secrets}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


class Server:
    """One run of `mlflow/serve` over the same state."""

    def __init__(self, database: Postgres, state: Path) -> None:
        self.port = free_port()
        self.state = state
        self.log = state / "log"
        self.environment = {
            **os.environ,
            "PYTHON": sys.executable,
            "STATE_DIRECTORY": str(state),
            "MLFLOW_BACKEND_STORE_URI": (
                f"postgresql+psycopg://mlflow@{database.address}:{database.port}/mlflow"
            ),
            "PGPASSWORD": DATABASES["SYMRAY_MLFLOW_PASSWORD"],
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key of the tests",
            "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN,
            "MLFLOW_PORT": str(self.port),
            "MLFLOW_WORKERS": "1",
        }

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [FOLDER / "serve"], env=self.environment, stdout=log, stderr=log
            )
        wait_for(self.answers, self.process, self.log)

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        end(self.process)


@pytest.fixture(scope="module")
def server(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(database, tmp_path_factory.mktemp("mlflow"))
    running.start()
    yield running
    running.stop()


def log_in(monkeypatch: pytest.MonkeyPatch, name: str, password: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)


@pytest.fixture
def researcher(server: Server, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """A client of an ordinary user, whom the administrator has made."""
    log_in(monkeypatch, "admin", ADMIN)
    users = AuthServiceClient(server.address)
    try:
        users.get_user("ada")
    except MlflowException:
        users.create_user("ada", USER)
    log_in(monkeypatch, "ada", USER)
    return MlflowClient(server.address, registry_uri=server.address)


def log_a_run(client: MlflowClient, experiment: str, folder: Path) -> str:
    """A run with a value and an artifact; its number."""
    known = client.get_experiment_by_name(experiment)
    number = known.experiment_id if known else client.create_experiment(experiment)
    run = client.create_run(number).info.run_id
    client.log_metric(run, "loss", 0.5)
    (folder / "figure.txt").write_text("drawn")
    client.log_artifact(run, str(folder / "figure.txt"))
    return str(run)


def assert_whole(client: MlflowClient, run: str, folder: Path) -> None:
    assert client.get_run(run).data.metrics == {"loss": 0.5}
    folder.mkdir(exist_ok=True)
    assert Path(client.download_artifacts(run, "figure.txt", str(folder))).read_text() == "drawn"


def test_nobody_gets_in_without_a_password(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    page = requests.get(f"{server.address}/api/2.0/mlflow/experiments/search", timeout=30)
    assert page.status_code == 401
    log_in(monkeypatch, "admin", "wrong")
    with pytest.raises(MlflowException, match=r"401|authenticated"):
        MlflowClient(server.address).search_experiments()


def test_a_foreign_host_header_is_refused(server: Server) -> None:
    answer = requests.get(
        f"{server.address}/api/2.0/mlflow/experiments/search",
        headers={"Host": "attacker.example"},
        auth=("admin", ADMIN),
        timeout=30,
    )
    assert answer.status_code == 403
    assert "Host" in answer.text


def test_a_server_whose_database_was_restarted_goes_on(
    server: Server, database: Postgres, researcher: MlflowClient, tmp_path: Path
) -> None:
    run = log_a_run(researcher, "database restarted", tmp_path)
    database.stop(crash=True)
    database.start()
    wait_for(
        lambda: (
            requests.get(
                f"{server.address}/api/2.0/mlflow/runs/get?run_id={run}",
                auth=("ada", USER),
                timeout=30,
            ).ok
        ),
        server.process,
        server.log,
    )
    assert_whole(researcher, run, tmp_path / "got")


def test_a_backup_restored_and_a_restart_bring_all_back(
    server: Server, database: Postgres, researcher: MlflowClient, tmp_path: Path
) -> None:
    record = {"host": database.address, "port": database.port, "user": "symray"}
    record |= {"password": DATABASES["SYMRAY_OPTUNA_PASSWORD"], "dbname": "symray"}
    with psycopg.connect(**record) as connection:
        connection.execute("CREATE TABLE trials (number integer); INSERT INTO trials VALUES (7)")
    run = log_a_run(researcher, "backed up", tmp_path)
    researcher.create_registered_model("backed up")
    artifacts = server.state / "artifacts"
    assert list(artifacts.rglob("figure.txt")), "the artifact went past the server"
    environment = {**os.environ, **database.environment()}

    def tool(name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [FOLDER / name, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    written = tool("backup", tmp_path / "backups", artifacts)
    assert written.returncode == 0, written.stderr
    backup = Path(written.stdout.strip())
    assert sorted(path.name for path in backup.iterdir()) == [
        *("SHA256SUMS", "artifacts.tar.gz", "mlflow.dump", "symray.dump"),
    ]
    assert backup.stat().st_mode & 0o077 == 0

    server.stop()
    shutil.rmtree(artifacts)
    with database.connect("mlflow") as connection:
        connection.execute("DROP TABLE metrics, users CASCADE; CREATE TABLE newer (x integer)")
    with database.connect("symray") as connection:
        connection.execute("DELETE FROM trials")
    restored = tool("restore", backup, artifacts)
    assert restored.returncode == 0, restored.stderr
    with database.connect("mlflow") as connection:
        owners = connection.execute(
            "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'"
        )
        assert owners.fetchall() == [("mlflow",)]
        assert connection.execute("SELECT to_regclass('newer')").fetchone() == (None,)
    server.start()
    assert_whole(researcher, run, tmp_path / "got")
    assert researcher.get_registered_model("backed up").name == "backed up"
    with psycopg.connect(**record) as connection:
        assert connection.execute("SELECT number FROM trials").fetchall() == [(7,)]

    refused = tool("restore", backup, artifacts)
    assert "is not empty" in refused.stderr
    with (backup / "symray.dump").open("ab") as dump:
        dump.write(b"damage")
    assert "is damaged" in tool("restore", backup).stderr


@pytest.mark.slow
def test_upgrading_an_upgraded_database_changes_nothing(server: Server) -> None:
    upgrade = subprocess.run(
        [FOLDER / "serve", "upgrade"], env=server.environment, capture_output=True, text=True
    )
    assert upgrade.returncode == 0, upgrade.stderr


def test_each_role_enters_its_own_database_only(database: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(
            host=database.address,
            port=database.port,
            user="symray",
            password=DATABASES["SYMRAY_OPTUNA_PASSWORD"],
            dbname="mlflow",
        )


def test_databases_need_passwords(database: Postgres) -> None:
    refused = run_psql(database, {})
    assert refused.returncode == 3
    assert refused.stderr.strip().endswith(
        "set SYMRAY_MLFLOW_PASSWORD and SYMRAY_OPTUNA_PASSWORD first"
    )


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("MLFLOW_FLASK_SERVER_SECRET_KEY", "", "MLFLOW_FLASK_SERVER_SECRET_KEY is missing"),
        ("MLFLOW_AUTH_ADMIN_PASSWORD", "", "MLFLOW_AUTH_ADMIN_PASSWORD is missing"),
        ("PGPASSWORD", "", "PostgreSQL's password is missing"),
        ("MLFLOW_HOST", "192.0.2.1", "MLFLOW_SERVER_ALLOWED_HOSTS is missing"),
        ("MLFLOW_BACKEND_STORE_URI", "sqlite:///mlflow.db", "must begin with postgresql"),
        (
            "MLFLOW_BACKEND_STORE_URI",
            "postgresql+psycopg://mlflow:secret@host/mlflow",
            "holds a password",
        ),
        ("PYTHON", "/nonexistent/python", "install symray[cluster]"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    server: Server, variable: str, value: str, named: str, tmp_path: Path
) -> None:
    environment = {**server.environment, variable: value, "HOME": str(tmp_path)}
    refused = subprocess.run(
        [FOLDER / "serve"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert named in refused.stderr
    assert "secret@" not in refused.stderr


def test_no_password_is_in_a_log_or_an_argument(server: Server) -> None:
    secrets = (ADMIN, USER, server.environment["PGPASSWORD"], "a key of the tests")
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    for text in (server.log.read_text(), listing):
        assert not [secret for secret in secrets if secret in text]
