"""The way to MLflow: the server that the environment names, or an embedded SQLite."""

import contextlib
import os
import tempfile
import textwrap
from pathlib import Path

from symray.record.home import home

# Before MLflow is imported: a server that is away must answer for itself at once, not after
# minutes of retries, and nothing is sent anywhere that the user didn't ask for.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")

import logging
from collections.abc import Iterator

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from symray.errors import UserError
from symray.tracking.links import without_credentials
from symray.tracking.names import task_of

for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def is_embedded() -> bool:
    """Whether the store is the home folder's own: the environment names no other."""
    return not _named()


def _named() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI", "").strip()


def tracking_uri() -> str:
    """``MLFLOW_TRACKING_URI``, or the SQLite file under the home folder."""
    return _named() or _sqlite_uri(home() / "mlflow.db")


def _sqlite_uri(path: Path) -> str:
    """The address of a SQLite file, whatever its folders are called.

    SQLAlchemy quotes what an address can't hold, as ? and %. Where no driver is named, MLflow makes
    folders for the file, called as the quoted path is.
    """
    return URL.create("sqlite+pysqlite", database=str(path)).render_as_string()


def shown_uri() -> str:
    """:func:`tracking_uri` as it may be printed and kept; the embedded store's file by its path."""
    return without_credentials(_named()) if _named() else str(home() / "mlflow.db")


def artifact_root() -> Path | None:
    """Where artifacts of the embedded store lie; None when a server keeps them."""
    return home() / "mlartifacts" if is_embedded() else None


def make_client() -> MlflowClient:
    """A client of :func:`tracking_uri`; makes the embedded store on first use."""
    if is_embedded():
        _make_embedded_store(home() / "mlflow.db")
    return MlflowClient(tracking_uri=tracking_uri(), registry_uri=tracking_uri())


def _make_embedded_store(path: Path) -> None:
    """Make the SQLite file whole or not at all.

    MLflow fills it by a hundred migrations; one that is killed among them can never be opened
    again.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mlflow-", dir=path.parent) as scratch:
        fresh = Path(scratch) / path.name
        MlflowClient(_sqlite_uri(fresh)).search_experiments(max_results=1)
        with contextlib.suppress(FileExistsError):  # another study was faster
            os.link(fresh, path)


IDENTITY = "symray.identity"


def experiment_id(client: MlflowClient, name: str, identity: str) -> str:
    """The experiment of study ``name``, made where it is missing, restored where deleted.

    Raises:
        UserError: it is that of another study of this name.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is not None and experiment.tags.get(IDENTITY) != identity:
        _raise_taken(experiment)
        client.set_experiment_tag(experiment.experiment_id, IDENTITY, identity)
    if experiment is None:
        root = artifact_root()
        location = (root / name).as_uri() if root else None
        tags = {IDENTITY: identity}
        return str(client.create_experiment(name, artifact_location=location, tags=tags))
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return str(experiment.experiment_id)


def check_experiment_is_free(name: str, identity: str) -> None:
    """Refuse a name that another study has on a server; one that doesn't answer is no obstacle.

    Raises:
        UserError: another home folder's study of this name has an experiment there.
    """
    if is_embedded():
        return
    with contextlib.suppress(MlflowException):
        experiment = make_client().get_experiment_by_name(name)
        if experiment is not None and experiment.tags.get(IDENTITY) != identity:
            _raise_taken(experiment)


def _raise_taken(experiment: Experiment) -> None:
    """An embedded store is its home folder's own: there the other study was deleted."""
    if IDENTITY in experiment.tags and not is_embedded():
        raise UserError(
            f"MLflow at {shown_uri()} has an experiment '{experiment.name}' of another study of "
            "that name, from another home folder; give this one another name with --name, or "
            "rename that experiment"
        )


def runs_of(client: MlflowClient, experiment_id: str, study: str) -> Iterator[Run]:
    """The runs of a study that aren't deleted, the oldest first."""
    token: str | None = None
    while True:
        page = client.search_runs(
            [experiment_id],
            f"tags.`symray.study` = '{study}'",
            ViewType.ACTIVE_ONLY,
            max_results=1000,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def shown_runs(study: str) -> dict[str, tuple[str, int]]:
    """By name, status and newest epoch of what MLflow shows of a study; makes nothing.

    Raises whatever MLflow or the network raises.
    """
    if is_embedded() and not (home() / "mlflow.db").exists():
        return {}
    client = make_client()
    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        return {}
    return {
        task_of(run): (str(run.info.status), int(run.data.metrics.get("epoch", 0)))
        for run in runs_of(client, experiment.experiment_id, study)
    }


def brief(error: BaseException) -> str:
    """An exception's first words on one line; of what the system said, where that is the reason."""
    for reason in causes(error):
        if isinstance(reason, OSError) and reason.strerror:
            return reason.strerror
        if isinstance(reason, ConnectionError | TimeoutError) and str(reason):
            return str(reason)
    # A driver's own words, where SQLAlchemy adds the statement.
    said = next((reason.orig for reason in causes(error) if isinstance(reason, DBAPIError)), error)
    words = textwrap.shorten(without_credentials(str(said)), 160, placeholder=" ...")
    return words or type(error).__name__


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it was raised from; urllib3 keeps some as arguments."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        yield from (part for part in cause.args if isinstance(part, BaseException))
        cause = cause.__cause__ or cause.__context__
