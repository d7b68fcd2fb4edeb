"""The servers that other tests lean on."""

from collections.abc import Callable

import optuna
import psycopg
import pytest
from pyarrow import fs

from services import Postgres, S3Server


def test_optuna_keeps_its_record_in_postgres_through_a_crash(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres.environment().items():
        monkeypatch.setenv(name, value)
    address = postgres.create_database("record")
    assert postgres.password not in address
    study = optuna.create_study(storage=address, study_name="kept")
    study.tell(study.ask(), 1.0)
    postgres.stop(crash=True)
    postgres.start()
    again = optuna.load_study(storage=address, study_name="kept")
    assert [trial.value for trial in again.trials] == [1.0]


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=postgres.address, port=postgres.port, user="postgres", password="wrong"
        )


def test_a_server_of_a_tests_own_listens_where_it_says(
    make_postgres: Callable[..., Postgres],
) -> None:
    server = make_postgres(address="127.0.0.2")
    server.create_database("own")
    assert "127.0.0.2" in server.environment().values()
    server.remove()
    assert not server.folder.exists()


def test_arrow_and_boto3_see_the_same_objects(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    # Arrow reads the environment for an address only; S3FileSystem() would ask Amazon.
    system, path = fs.FileSystem.from_uri(s3_server.create_bucket("both"))
    assert path == "both"
    with system.open_output_stream("both/folder/object") as stream:
        stream.write(b"content")
    assert s3_server.client().get_object(Bucket="both", Key="folder/object")["Body"].read() == (
        b"content"
    )
    system.delete_dir("both/folder")
    assert not system.get_file_info(fs.FileSelector("both", recursive=True))
