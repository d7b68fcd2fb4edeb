"""Downloads: each file once, whole, and what was registered."""

import shutil
import tempfile
from pathlib import Path

from mlflow.artifacts import download_artifacts, list_artifacts

from symray.errors import UserError
from symray.tracking.client import tracking_uri
from symray.tracking.model.package import sha256
from symray.training.bundle import SUMS, read_sums, verify_bundle


def download_folder(address: str, folder: Path, expected: str | None) -> None:
    """Download a model's folder, or the rest of it where an earlier download broke off.

    Files arrive in ``.NAME.part`` beside ``folder``, which becomes it at the end; those that are
    there already are what their checksum says, or fetched again.

    Args:
        address: of the folder among MLflow's artifacts.
        folder: doesn't exist, or is empty.
        expected: SHA-256 of its ``SHA256SUMS``, recorded with the version; None for a version that
            doesn't have it.

    Raises:
        UserError: a file, or the list of them, is not what was registered.
    """
    part = folder.absolute().with_name(f".{folder.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    there = {Path(file.path).name for file in list_artifacts(address, tracking_uri=tracking_uri())}
    sums = _fetch(address, SUMS, part)
    if expected is not None and sha256(sums) != expected:
        shutil.rmtree(part)
        raise UserError(
            f"the files at {address} are not those that were registered (their list has another "
            "SHA-256 than the version): somebody has changed them, don't use them"
        )
    for name, digest in read_sums(part).items():
        if name not in there:
            raise UserError(f"{name} is missing at {address}: the model can't be used")
        if not (part / name).is_file() or sha256(part / name) != digest:
            _fetch(address, name, part)
    try:
        verify_bundle(part)
    except UserError:
        shutil.rmtree(part)
        raise
    if folder.exists():
        folder.rmdir()
    part.rename(folder)


def fetch_text(address: str, name: str) -> str:
    """A small file of a model's folder."""
    with tempfile.TemporaryDirectory(prefix="symray-model-") as scratch:
        return _fetch(address, name, Path(scratch)).read_text()


def _fetch(address: str, name: str, folder: Path) -> Path:
    """Bring one file; it is there whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        path = download_artifacts(
            artifact_uri=f"{address}/{name}", dst_path=scratch, tracking_uri=tracking_uri()
        )
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(path).rename(target)
