"""The model registry: the champion goes in, downloads come out."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from symray.errors import UserError, nearest
from symray.record.atomic import write_atomically
from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.search.champion import (
    ALIAS,
    better_than,
    champion_task,
    champion_training,
    digest,
    read_metrics,
    registered,
)
from symray.tasks.task import Task
from symray.tracking.address import answering
from symray.tracking.client import IDENTITY, make_client, shown_uri
from symray.tracking.model.card import model_card, study_line
from symray.tracking.model.download import download_folder, fetch_text
from symray.tracking.model.package import write_package
from symray.tracking.projection import Projection

_DIGEST = "symray.sha256"
"""Of the ``SHA256SUMS`` that lie with the version."""

_BUNDLE = "symray.bundle"
"""Of those of the bundle in the record, which tell one model from another."""

_READY = LoggedModelStatus.READY


def register(record: StudyRecord, projection: Projection) -> list[str]:
    """Register the study's champion as a model version, once; returns what was done, in words.

    The alias ``champion`` moves to it where it is better on the study's objectives than the version
    that has it.
    """
    name, run_name = record.name, champion_task(record)
    assert run_name is not None
    client, run_id = projection.client, projection.run_id(run_name)
    _make_model(client, name, study_line(record))
    found = _version_of(client, name, digest(record), run_id)
    done = []
    if found is None:
        found = _make_version(record, projection, run_name)
        done.append(f"model {name} version {found.version} registered")
    else:
        done += _mend(client, record, found)
    champion, words = _crown(record, client, found)
    if words and (done or champion == str(found.version)):
        done.append(f"model {name}: {words}")
    stands = {"name": name, "version": str(found.version), ALIAS: champion}
    if registered(record) != stands:
        content = json.dumps(stands | {"sha256": digest(record)})
        write_atomically(record.folder / "champion" / "registered.json", content)
    return done


def _make_model(client: MlflowClient, name: str, description: str) -> None:
    try:
        model = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        client.create_registered_model(name, {"symray.study": name}, description)
        return
    if model.description != description:
        client.update_registered_model(name, description)


def _make_version(record: StudyRecord, projection: Projection, run_name: str) -> ModelVersion:
    """Log the packaged champion as a model of its run, and make that a version."""
    client, name, run_id = projection.client, record.name, projection.run_id(run_name)
    task, bundle = champion_training(record), record.folder / "champion" / "model"
    metrics = read_metrics(record)
    card, tags = model_card(record, task, metrics), _tags(record, task, metrics)
    for broken in _logged_models(client, projection.experiment, tags[_BUNDLE], run_id):
        client.delete_logged_model(broken.model_id)  # an earlier driver died before its version
    params = {key: str(value) for key, value in record.trial(task.number).params.items()}
    logged = client.create_logged_model(
        projection.experiment, name, run_id, tags, params, str(task.spec["model"])
    )
    with tempfile.TemporaryDirectory(prefix="symray-model-") as scratch:
        mlflow_model = Model(
            artifact_path=logged.artifact_location,
            model_uuid=logged.model_id,
            run_id=run_id,
            model_id=logged.model_id,
        )
        code = task.spec.get("code")
        folder = Path(scratch) / "model"
        sha256 = write_package(bundle, folder, card, mlflow_model, Path(code) if code else None)
        client.log_model_artifacts(logged.model_id, str(folder))
    client.finalize_logged_model(logged.model_id, _READY)
    for run in (run_id, projection.parent):
        client.log_outputs(run, [LoggedModelOutput(logged.model_id, step=0)])
    version = client.create_model_version(
        name,
        logged.artifact_location,  # an address of this store, whichever MLflow has as its default
        run_id,
        tags | {_DIGEST: sha256},
        description=card,
        model_id=logged.model_id,
    )
    link = json.dumps([{"name": name, "version": str(version.version)}])
    client.set_logged_model_tags(logged.model_id, {MLFLOW_MODEL_VERSIONS: link})
    return version


def _mend(client: MlflowClient, record: StudyRecord, version: ModelVersion) -> list[str]:
    """Set tags and description of a version that aren't as the record has them."""
    task, metrics = champion_training(record), read_metrics(record)
    tags = _tags(record, task, metrics)
    stale = {key: value for key, value in tags.items() if version.tags.get(key) != value}
    for key, value in stale.items():
        client.set_model_version_tag(version.name, version.version, key, value)
    card = model_card(record, task, metrics)
    if version.description != card:
        client.update_model_version(version.name, version.version, card)
        stale["description"] = card
    where = f"model {version.name} version {version.version}"
    what = ", ".join(sorted(stale)) if len(stale) <= 3 else f"{len(stale)} tags"
    return [f"{where}: {what} set"] if stale else []


def _crown(
    record: StudyRecord, client: MlflowClient, version: ModelVersion
) -> tuple[str, str | None]:
    """Give the alias to ``version`` if that is the best; returns who has it, and words for it."""
    number = str(version.version)
    holder = client.get_registered_model(version.name).aliases.get(ALIAS)
    if holder is not None and str(holder) == number:
        return number, None
    words = f"version {number} is the {ALIAS}"
    if holder is not None:
        better, why = _compare(record, client, str(holder))
        if not better:
            return str(holder), f"version {holder} stays the {ALIAS}: {number} has {why}"
        words += f" instead of {holder}: {why}"
    client.set_registered_model_alias(version.name, ALIAS, number)
    return number, words


def _compare(record: StudyRecord, client: MlflowClient, holder: str) -> tuple[bool, str]:
    """Whether the study's champion is better than the version ``holder``, and why."""
    try:
        other = client.get_model_version(record.name, holder)
    except MlflowException:
        return True, "that version is gone"
    if other.tags.get(IDENTITY, identity(record.folder)) != identity(record.folder):
        return True, "that one is of another study of this name"
    if _bundle_of(other) == digest(record):
        return True, "that one is the same model, of a run that is gone"
    try:
        metrics = json.loads(fetch_text(_address(client, other), "metrics.json"))
    except (MlflowException, OSError):
        return True, "the files of that version are gone"
    return better_than(record, read_metrics(record), metrics)


def _tags(record: StudyRecord, task: Task, metrics: Mapping[str, float | None]) -> dict[str, str]:
    """Metrics and fingerprints."""
    tags = {f"metrics.{key}": f"{value:.6g}" for key, value in metrics.items() if value is not None}
    tags |= {key: value for key, value in task.tags.items() if key.startswith("symray.")}
    tags |= {"symray.study": record.name, IDENTITY: identity(record.folder)}
    return tags | {"symray.trained": task.name, _BUNDLE: digest(record)}


def _logged_models(
    client: MlflowClient, experiment: str, bundle: str, run_id: str
) -> list[LoggedModel]:
    found = client.search_logged_models([experiment], f"tags.`{_BUNDLE}` = '{bundle}'")
    return [model for model in found if model.source_run_id == run_id]


def models() -> list[dict[str, str]]:
    """All registered models: name, newest version, champion's version, run.

    Raises:
        UserError: MLflow doesn't answer.
    """
    with answering("try again"):
        client = make_client()
        found = []
        for model in client.search_registered_models():
            versions = client.search_model_versions(f"name = '{model.name}'")
            newest = max(versions, key=lambda v: int(v.version), default=None)
            found.append(
                {
                    "name": model.name,
                    "versions": str(len(versions)),
                    ALIAS: str(model.aliases.get(ALIAS, "")),
                    "run_id": newest.run_id if newest else "",
                }
            )
        return found


def download(reference: str, folder: Path) -> Path:
    """Download a registered model into the new folder ``folder`` and verify it.

    Args:
        reference: ``NAME``, ``NAME@alias`` or ``NAME:version``; without either, the champion.
        folder: where to; made here.

    Raises:
        UserError: no such model, the folder exists, MLflow doesn't answer, or a file is damaged.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already; name another folder with --to")
    with answering("try again"):
        client = make_client()
        version = _resolve(client, reference)
        download_folder(_address(client, version), folder, version.tags.get(_DIGEST))
    return folder


def _resolve(client: MlflowClient, reference: str) -> ModelVersion:
    match = re.fullmatch(r"([^@:]+)(?:@([^@:]+)|:(\d+))?", reference)
    if match is None:
        raise UserError(f"'{reference}' is no model; write NAME, NAME@alias or NAME:version")
    name, alias, number = match[1], match[2], match[3]
    names = [model.name for model in client.search_registered_models()]
    if name not in names:
        hint = nearest(name, names) if names else "; nothing is registered there yet"
        raise UserError(f"there is no registered model '{name}' at {shown_uri()}{hint}")
    try:
        if number:
            return client.get_model_version(name, number)
        return client.get_model_version_by_alias(name, alias or ALIAS)
    except MlflowException:
        versions = [int(v.version) for v in client.search_model_versions(f"name = '{name}'")]
        aliases = list(client.get_registered_model(name).aliases)
        wanted = f"version {number}" if number else f"alias '{alias or ALIAS}'"
        raise UserError(
            f"model '{name}' has no {wanted}; "
            f"it has versions {', '.join(map(str, sorted(versions)))} "
            f"and aliases {', '.join(aliases) or 'none'}"
        ) from None


def _version_of(client: MlflowClient, name: str, bundle: str, run_id: str) -> ModelVersion | None:
    for version in client.search_model_versions(f"name = '{name}'"):
        if _bundle_of(version) == bundle and version.run_id == run_id:
            return version
    return None


def _bundle_of(version: ModelVersion) -> str | None:
    """A version of symray before it packaged models is its bundle alone."""
    found: str | None = version.tags.get(_BUNDLE) or version.tags.get(_DIGEST)
    return found


def _address(client: MlflowClient, version: ModelVersion) -> str:
    """Where a version's files lie among MLflow's artifacts."""
    address: str = client.get_model_version_download_uri(version.name, version.version)
    return address
