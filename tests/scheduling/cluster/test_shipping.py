"""A study file and what it names, made ready for another machine."""

from pathlib import Path

import numpy as np
import pytest

from symray.errors import UserError
from symray.scheduling.cluster import shipping
from symray.scheduling.cluster.shipping import pack, study_names, unpack
from symray.study_file import load_study_file

BASE = """\
model: stib
data: {npz: points.npz}
training: {epochs: 2}
search: {beta: {low: 1, high: 1000}}
objectives: {x_mae: minimize}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    np.savez(folder / "points.npz", x=np.zeros((4, 2)), y=np.zeros((4, 1)))
    (folder / "base.yaml").write_text(BASE)
    (folder / "study.yaml").write_text("extends: base.yaml\nstudy: shipped\ntrials: 4\n")
    return folder


def test_what_is_named_travels_and_is_kept_once(
    source: Path, tmp_path: Path, study_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    shipped = pack(source / "study.yaml", ["trials=3"], there)
    (source / "points.npz").unlink()
    monkeypatch.chdir(there)
    (file,) = load_study_file(shipped)
    kept = unpack(file)
    assert (kept.study, kept.trials, kept.epochs) == ("shipped", 3, 2)
    path = Path(kept.data_spec()["npz"])  # type: ignore[index]
    assert path.parent == study_home / "_data"
    assert path.read_bytes() == (there / "data" / "points.npz").read_bytes()
    assert unpack(file) == kept
    assert len(list(path.parent.iterdir())) == 1


def test_an_own_models_package_travels(source: Path, tmp_path: Path) -> None:
    package = source / "lab"
    package.mkdir()
    (package / "models.py").write_text("")
    (package / "__pycache__").mkdir()
    (source / "own.yaml").write_text(BASE + "study: own\ncode: ./lab\n")
    there = tmp_path / "there"
    there.mkdir()
    text = pack(source / "own.yaml", [], there).read_text()
    assert "code: code/lab" in text
    assert [p.name for p in (there / "code" / "lab").iterdir()] == ["models.py"]


def test_a_path_of_the_cluster_stays_one(source: Path, tmp_path: Path) -> None:
    (source / "far.yaml").write_text(
        "extends: base.yaml\nstudy: far\ndata: {npz: /shared/far.npz}\n"
    )
    there = tmp_path / "there"
    there.mkdir()
    far = source / "far.yaml"
    assert study_names(far, ["study=other"]) == ["other"]
    with pytest.raises(UserError, match="trials"):
        study_names(source / "study.yaml", ["trials=0"])
    assert "npz: /shared/far.npz" in pack(far, [], there).read_text()
    assert [p.name for p in there.iterdir()] == ["study.yaml"]


def test_too_much_data_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "LARGEST", 10)
    with pytest.raises(UserError, match=r"data\.npz: .* copy it to a folder that the cluster's"):
        pack(source / "study.yaml", [], tmp_path)
