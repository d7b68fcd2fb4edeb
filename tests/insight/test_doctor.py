"""What the doctor finds where things are broken; where they aren't, see its command."""

from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from symray.insight.doctor import TESTED, Finding, examine, file_system_of

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"

MOUNTS = """\
overlay / overlay rw 0 0
server:/export /home nfs4 rw 0 0
/dev/sda1 /home/scratch\\040disk ext4 rw 0 0
tmpfs /home tmpfs rw 0 0
"""


def findings() -> dict[str, Finding]:
    return {finding.name: finding for finding in examine()}


def test_broken_things_are_found_and_come_with_advice(
    study_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYMRAY_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:hunter2@127.0.0.1:9")
    monkeypatch.setenv("SYMRAY_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("RAY_ADDRESS", "no address at all")
    found = findings()
    for name in ("home folder", "MLflow", "Optuna storage", "Ray"):
        assert (found[name].status, found[name].essential) == ("missing", True), name
        assert found[name].advice
    assert "hunter2" not in str(found)
    assert found["data"].status == "missing"
    assert not found["data"].essential


def test_tested_versions_are_those_of_the_constraints() -> None:
    pins = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines() if "==" in line)
    by_name = {canonicalize_name(name): pin for name, pin in pins.items()}
    assert {name: by_name[name] for name in TESTED} == TESTED


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/runs", "overlay"),
        ("/home/ann/runs", "tmpfs"),  # mounted later over the same point
        ("/home/scratch disk/runs", "ext4"),
        ("/homes/ann", "overlay"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_mount(folder: str, kind: str) -> None:
    assert file_system_of(Path(folder), MOUNTS) == kind
