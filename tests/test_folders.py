"""Folders as the environment names them, and without a home."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symray.data.cache import cache_folder
from symray.errors import UserError
from symray.folders import expanded, is_writable, named_folder, users_cache, users_folder
from symray.record.home import home
from symray.study_file import load_study_file

NOWHERE = "/proc/nobody"
"""No process can make it, not even a superuser's."""


@pytest.fixture
def in_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home folder for a test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("SYMRAY_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_a_tilde_is_the_users_home(in_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SYMRAY_HOME", "SYMRAY_DATA", "SYMRAY_CACHE"):
        monkeypatch.setenv(variable, "~/of mine")
        assert named_folder(variable) == in_home / "of mine"
        monkeypatch.setenv(variable, "")
        assert named_folder(variable) is None
    monkeypatch.setenv("SYMRAY_HOME", "~/studies")
    monkeypatch.setenv("SYMRAY_CACHE", "~")
    assert home() == in_home / "studies"
    assert cache_folder() == in_home
    monkeypatch.setenv("SYMRAY_HOME", "~nobody-of-this-name/studies")
    with pytest.raises(UserError, match="SYMRAY_HOME: nobody here knows the home folder of"):
        home()
    assert expanded("a/~/b", "x") == Path("a/~/b")


def test_a_tilde_in_a_study_file_too(in_home: Path) -> None:
    (in_home / "data").mkdir()
    np.savez(in_home / "data" / "d.npz", x=np.eye(9), y=np.arange(9.0))
    (in_home / "base.yaml").write_text("model: stib\n")
    path = in_home / "data" / "s.yaml"
    path.write_text(
        "extends: ~/base.yaml\nstudy: s\ndata: {npz: ~/data/d.npz}\n"
        "search: {beta: {low: 1, high: 500}}\nobjectives: {mi_z0_y: minimize}\n"
        "constraints: [x_mae <= 1, y_mae <= 1]\n"
    )
    (file,) = load_study_file(path)
    assert file.data_spec()["npz"] == str(in_home / "data" / "d.npz")  # type: ignore[index]


def test_without_a_home_the_cache_is_among_the_temporary_files(
    in_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder() == in_home / ".cache" / "symray"
    monkeypatch.setenv("HOME", NOWHERE)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert not is_writable(Path(NOWHERE))
    assert users_folder(".cache") is None
    assert users_cache() == tmp_path / f"symray-of-{os.getuid()}"
    assert users_cache().stat().st_mode & 0o777 == 0o700
    (tmp_path / "symray-of-12345").mkdir()  # made by this user
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(UserError, match="somebody else's; name a folder of yours with SYMRAY_CAC"):
        users_cache()


def test_without_a_home_matplotlib_says_nothing(tmp_path: Path) -> None:
    env = os.environ | {"HOME": NOWHERE, "TMPDIR": str(tmp_path)}
    env.pop("MPLCONFIGDIR", None)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import symray.figures, matplotlib; print(matplotlib.get_cachedir())",
        ],
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == f"{tmp_path}/symray-of-{os.getuid()}/matplotlib"
    assert "temporary" not in done.stderr
