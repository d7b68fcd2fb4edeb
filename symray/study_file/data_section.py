"""Only the data of a study file, or of a data file by itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symray.data.reading import require_file
from symray.study_file.layers import read_overrides
from symray.study_file.load import load_study_file, study_of
from symray.study_file.tree import Tree

STUDY_FILES = (".yaml", ".yml")

_STUDY = {"study": "data", "model": "beta_vae"}


def data_sections(path: Path, overrides: Sequence[str]) -> list[str | dict[str, Any]]:
    """What :func:`symray.data.load_data` reads for a study file or a data file, each once.

    Args:
        path: a study file, whose pretraining's data count too; or ``.npz``, or a table of
            molecules.
        overrides: ``KEY=VALUE`` with dotted keys as for a study file; ``data.x=NAME``, ...

    Raises:
        UserError: there is no such file, or something is wrong in it or in an override.
    """
    if path.suffix in STUDY_FILES:
        studies = load_study_file(path, overrides)
        specs = [spec for study in studies for spec in study.data_specs()]
        return [spec for i, spec in enumerate(specs) if spec not in specs[:i]]
    key = "npz" if path.suffix == ".npz" else "csv"
    values = {**_STUDY, "data": {key: str(require_file(path).resolve())}}
    tree = read_overrides(Tree(str(path), values, {}), overrides)
    return [study_of(tree).data_spec()]
