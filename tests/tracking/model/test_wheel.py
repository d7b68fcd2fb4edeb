"""The wheel beside a model is one that pip installs, and it is this package."""

import subprocess
import sys
import zipfile
from pathlib import Path

import symray
from symray.tracking.model.wheel import pinned, write_wheel


def test_pip_installs_it_and_what_is_installed_is_what_runs_here(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(tmp_path / "site"), str(wheel)], check=True)
    installed = tmp_path / "site" / "symray"
    here = Path(symray.__file__).parent
    sources = {path.relative_to(here) for path in here.rglob("*.py")}
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} == sources
    assert (installed / "__init__.py").read_bytes() == (here / "__init__.py").read_bytes()


def test_equal_sources_make_equal_wheels(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = write_wheel(tmp_path), write_wheel(tmp_path / "again")
    assert first.read_bytes() == second.read_bytes()


def test_it_asks_for_what_symray_needs(tmp_path: Path) -> None:
    with zipfile.ZipFile(write_wheel(tmp_path)) as wheel:
        metadata = wheel.read(f"symray-{symray.__version__}.dist-info/METADATA").decode()
    assert "Requires-Dist: torch" in metadata
    assert "Requires-Dist: pytest" not in metadata


def test_pins_are_of_releases() -> None:
    pins = dict(line.split("==") for line in pinned())
    assert {"torch", "mlflow", "ray[tune]"} <= pins.keys()
    assert not any("+" in version for version in pins.values())
