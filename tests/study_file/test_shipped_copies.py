from pathlib import Path

import pytest

from symray.errors import UserError
from symray.study_file import load_study_file
from symray.study_file.shipped import FOLDER, copy_study, shipped_studies

STUDIES = Path(__file__).parents[2] / "studies"


def test_what_comes_with_the_package_are_the_repositorys_studies() -> None:
    assert sorted(p.relative_to(FOLDER) for p in FOLDER.glob("**/*.yaml")) == sorted(
        p.relative_to(STUDIES) for p in STUDIES.rglob("*.yaml")
    )


def test_each_has_a_sentence() -> None:
    assert all(len(sentence) > 10 for sentence in shipped_studies().values())


@pytest.mark.parametrize("name", ["quickstart", "artificial/suite", "dsprites/nonsyn_small"])
def test_a_copy_is_the_same_study(name: str, tmp_path: Path) -> None:
    copied = copy_study(name, tmp_path / "mine")
    assert load_study_file(copied) == load_study_file(STUDIES / f"{name}.yaml")
    assert copy_study(name, tmp_path / "mine") == copied
    copied.write_text("study: mine")
    with pytest.raises(UserError, match="exists already"):
        copy_study(name, tmp_path / "mine")


def test_commands(run, tmp_path: Path) -> None:
    listed = run("studies", "list")
    assert "artificial/stib" in listed.stdout
    assert "artificial/base" not in listed.stdout
    done = run("studies", "copy", "quickstart", "--to", tmp_path)
    assert done.stdout.startswith(f"{tmp_path}/quickstart.yaml written")
    wrong = run("studies", "copy", "quikstart")
    assert wrong.exit_code == 2
    assert "did you mean 'quickstart'" in wrong.stderr
