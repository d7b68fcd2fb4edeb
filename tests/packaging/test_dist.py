"""What ``make dist`` builds: installed in an empty environment, it runs the quickstart."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_a_wheel_and_an_sdist_have_all_that_is_needed(dist: Path) -> None:
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    needed = ["py.typed", "__init__.pyi", "report/page/page.html.j2", "shipped/quickstart.yaml"]
    needed += ["shipped/artificial/base.yaml"]
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"symray/{name}" for name in needed} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "mlflow"))]
    with tarfile.open(sdist) as archive:
        files = [name.partition("/")[2] for name in archive.getnames()]
    assert {f"symray/{name}" for name in needed} | {"LICENSE", "README.md"} <= set(files)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_wheel_runs_the_quickstart_in_an_empty_environment(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SYMRAY_"))}
    environment["SYMRAY_HOME"] = str(tmp_path / "runs")
    venv.create(tmp_path / "venv", with_pip=True)
    commands = tmp_path / "venv" / "bin"
    pins = ["--constraint", str(ROOT / "constraints.txt")]
    install = [str(commands / "python"), "-m", "pip", "install", "-qq", *pins, str(wheel)]
    subprocess.run(install, env=environment, check=True)

    def symray(*arguments: str) -> str:
        command = [str(commands / "symray"), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    symray("studies", "copy", "quickstart")
    short = ["--trials", "2", "--set", "training.epochs=1", "--set", "confirmation.seeds=2"]
    loose = ["--set", "constraints=['x_mae <= 100', 'y_mae <= 100']"]
    assert "registered as model quickstart" in symray("launch", "quickstart.yaml", *short, *loose)
    assert "| quickstart | stib |" in symray("report", "quickstart")
    symray("report", "quickstart", "--out", "report.html")
    assert "quickstart: report</title>" in (tmp_path / "report.html").read_text()
