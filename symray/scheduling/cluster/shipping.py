"""A study file made whole for another machine: what it names beside it in one folder."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from symray.errors import UserError
from symray.record.home import home
from symray.study_file import StudyFile, load_study_file
from symray.study_file.layers import read_layers
from symray.study_file.suite import members

SHIPPED = "study.yaml"

DATA_FILES = ("npz", "csv")
"""Keys of a data section that name a file."""

LARGEST = 100_000_000
"""Bytes of a data file that travels with a study."""


def pack(path: Path, overrides: Sequence[str], folder: Path) -> Path:
    """Write a study file and what it names into ``folder``.

    Files it extends are merged into it. An own model's package travels with it, and so does a data
    file that is here; one that isn't is taken to be a path on the other machine.

    Returns:
        The file to be launched there.

    Raises:
        UserError: the file can't be read, or its data are too much to be shipped.
    """
    values = read_layers(path, overrides).values
    if isinstance(code := values.get("code"), str) and Path(code).is_dir():
        ignored = shutil.ignore_patterns("__pycache__", ".git")
        shutil.copytree(code, folder / "code" / Path(code).name, ignore=ignored)
        values["code"] = f"code/{Path(code).name}"
    for key in DATA_FILES:
        _pack_data(values.get("data"), key, folder)
    (folder / SHIPPED).write_text(yaml.safe_dump(values, sort_keys=False))
    return folder / SHIPPED


def study_names(path: Path, overrides: Sequence[str]) -> list[str]:
    """Names of a file's studies.

    It is checked wholly here where its data are here too, and on the other machine otherwise.

    Raises:
        UserError: anything wrong in the file.
    """
    tree = read_layers(path, overrides)
    section = tree.values.get("data")
    files = (
        [section[key] for key in DATA_FILES if key in section] if isinstance(section, dict) else []
    )
    if all(Path(str(file)).is_file() for file in files):
        return [study.study for study in load_study_file(path, overrides)]
    return [str(member.values.get("study")) for member in members(tree)]


def _pack_data(section: Any, key: str, folder: Path) -> None:
    if not isinstance(section, dict) or not isinstance(section.get(key), str):
        return
    file = Path(section[key])
    if not file.is_file():
        return
    if file.stat().st_size > LARGEST:
        raise UserError(
            f"data.{key}: {file} is larger than the {LARGEST / 1e6:.0f} MB that travel with a "
            "study; copy it to a folder that the cluster's nodes share and name it by its path "
            "there"
        )
    (folder / "data").mkdir(exist_ok=True)
    shutil.copy(file, folder / "data")
    section[key] = f"data/{file.name}"


def unpack(file: StudyFile) -> StudyFile:
    """``file`` with its shipped data where they stay: in the home folder, once for each content."""
    content = file.model_dump()
    section = content["data"]
    for key in DATA_FILES:
        if not isinstance(section, dict) or key not in section:
            continue
        shipped = Path(section[key])
        if shipped.is_relative_to(Path.cwd()):
            digest = hashlib.sha256(shipped.read_bytes()).hexdigest()[:12]
            kept = home() / "_data" / f"{digest}-{shipped.name}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            if not kept.exists():
                shutil.copy(shipped, kept)
            data = file.data.model_copy(update={key: kept})  # type: ignore[union-attr]
            return file.model_copy(update={"data": data})
    return file
