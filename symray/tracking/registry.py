"""The model registry: the champion goes in, downloads come out."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from symray.errors import UserError, nearest
from symray.record.atomic import write_atomically
from symray.record.study_record import StudyRecord
from symray.search.champion import ALIAS, champion_task, digest, registered
from symray.tracking.address import answering
from symray.tracking.client import make_client, shown_uri, tracking_uri
from symray.tracking.projection import Projection
from symray.training.bundle import verify_bundle

_DIGEST = "symray.sha256"


def register(record: StudyRecord, projection: Projection) -> list[str]:
    """Register the study's champion as a model version, once; returns what was done, in words."""
    name, run_name = record.name, champion_task(record)
    assert run_name is not None
    folder = record.folder / "champion" / "model"
    client, sha256 = projection.client, digest(record)
    run_id = projection.run_id(run_name)
    version = _version_of(client, name, sha256, run_id)
    done = []
    if version is None:
        projection.upload(run_name, folder)
        try:
            client.create_registered_model(name, {"symray.driver": name})
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = client.create_model_version(
            name, f"runs:/{run_id}/model", run_id, tags={"symray.driver": name, _DIGEST: sha256}
        )
        version = str(made.version)
        done.append(f"model {name} version {version} registered")
    if str(client.get_registered_model(name).aliases.get(ALIAS)) != version:
        client.set_registered_model_alias(name, ALIAS, version)
        done = done or [f"model {name}: version {version} is the {ALIAS} again"]
    if registered(record) != {"name": name, "version": version}:
        content = json.dumps({"name": name, "version": version, "sha256": sha256})
        write_atomically(record.folder / "champion" / "registered.json", content)
    return done


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
        with tempfile.TemporaryDirectory(prefix="symray-model-") as scratch:
            path = download_artifacts(
                run_id=version.run_id,
                artifact_path="model",
                dst_path=scratch,
                tracking_uri=tracking_uri(),
            )
            verify_bundle(Path(path))
            shutil.copytree(path, folder, dirs_exist_ok=True)
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


def _version_of(client: MlflowClient, name: str, sha256: str, run_id: str) -> str | None:
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get(_DIGEST) == sha256 and version.run_id == run_id:
            return str(version.version)
    return None
