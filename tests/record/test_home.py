"""Where studies lie and how they are found."""

import os
from pathlib import Path

import pytest

from symray.errors import UserError
from symray.record.home import home, make_study_folder, study_names
from symray.record.studies import find_study


def add(folder: Path, name: str, launched: int) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "study.yaml").touch()
    os.utime(folder / name / "study.yaml", (launched, launched))


def test_without_a_variable_studies_lie_in_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for value in (None, ""):
        monkeypatch.delenv("SYMRAY_HOME", raising=False)
        if value is not None:
            monkeypatch.setenv("SYMRAY_HOME", value)
        assert home() == tmp_path / "runs"
    monkeypatch.setenv("SYMRAY_HOME", "elsewhere")
    assert home() == tmp_path / "elsewhere"


def test_studies_are_listed_in_the_order_of_their_launch(study_home: Path) -> None:
    assert study_names() == []
    add(study_home, "alpha", 2000)
    add(study_home, "omega", 1000)
    (study_home / "half-made").mkdir()
    (study_home / "mlflow.db").touch()
    assert study_names() == ["omega", "alpha"]
    assert find_study("alpha") == study_home / "alpha"


def test_an_unknown_study_names_the_nearest(study_home: Path) -> None:
    with pytest.raises(UserError) as error:
        find_study("moons")
    assert str(error.value) == (
        f"there is no study 'moons' in {study_home}; there are no studies yet: `symray launch FILE`"
    )
    add(study_home, "moons-paper", 1)
    add(study_home, "sprites", 2)
    with pytest.raises(UserError, match=r"no study 'moon-paper' .*; did you mean 'moons-paper'\?"):
        find_study("moon-paper")
    with pytest.raises(UserError, match="; valid names: moons-paper, sprites"):
        find_study("qm9")
    (study_home / "half-made").mkdir()
    with pytest.raises(UserError, match="there is no study 'half-made'"):
        find_study("half-made")


def test_a_home_that_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="set SYMRAY_HOME to a folder that you may write to"):
        make_study_folder("s")
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "new"))
    assert make_study_folder("s") == make_study_folder("s") == tmp_path / "new" / "s"
