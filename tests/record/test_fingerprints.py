"""What tells two codes, and two data sets, apart."""

from collections.abc import Callable
from pathlib import Path

import pytest

import symray
from symray.record.fingerprints import code_of, trial_tags
from symray.study_file import StudyFile, load_study_file
from symray.training.fingerprint import symray_fingerprint

TEXT = """\
study: own
model: fingerprint_lab.models:Mine
code: fingerprint_lab
data: {npz: data.npz}
search: {learning_rate: {low: 0.001, high: 0.01}}
objectives: {x_mae: minimize}
reference: false
"""


@pytest.fixture
def own_study(tmp_path: Path, write_study: Callable[[Path, str], Path]) -> StudyFile:
    write_study(tmp_path, "plain")
    package = tmp_path / "fingerprint_lab"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text("from symray.models.vae import VAE\nclass Mine(VAE): ...\n")
    (tmp_path / "own.yaml").write_text(TEXT)
    (file,) = load_study_file(tmp_path / "own.yaml")
    return file


def test_a_built_in_models_code_is_symrays(
    tmp_path: Path, write_study: Callable[[Path, str], Path]
) -> None:
    (file,) = load_study_file(write_study(tmp_path, "plain"))
    assert code_of(file) == symray_fingerprint()[:12]


def test_any_change_of_an_own_models_code_changes_the_fingerprint(own_study: StudyFile) -> None:
    assert own_study.code is not None
    before = code_of(own_study)
    assert before.startswith(f"{symray_fingerprint()[:12]}-")
    (own_study.code / "notes.txt").write_text("not code")
    (own_study.code / "__pycache__").mkdir(exist_ok=True)
    assert code_of(own_study) == before
    models = own_study.code / "models.py"
    models.write_text(models.read_text() + "\n")
    changed = code_of(own_study)
    (own_study.code / "helpers.py").touch()
    assert len({before, changed, code_of(own_study)}) == 3


def test_a_trials_tags_say_what_it_came_from(
    own_study: StudyFile, tmp_path: Path, write_study: Callable[[Path, str], Path]
) -> None:
    tags = trial_tags(own_study)
    assert set(tags) - {"symray.commit"} == {
        "symray.version",
        "symray.code",
        "symray.data_key",
        "symray.preset",
        "symray.torch",
    }
    assert tags["symray.version"] == symray.__version__
    assert tags["symray.code"] == code_of(own_study)
    assert tags["symray.preset"] == own_study.preset
    assert all(tags.values())

    (artificial,) = load_study_file(write_study(tmp_path, "plain"), ["data=artificial"])
    assert trial_tags(artificial)["symray.data_key"] != tags["symray.data_key"]
