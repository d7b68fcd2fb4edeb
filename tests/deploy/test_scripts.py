"""Shell scripts, units and examples of settings that a cluster's machines run with."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "deploy", ROOT / "mlflow"]
FILES = [path for folder in FOLDERS for path in sorted(folder.rglob("*")) if path.is_file()]
SCRIPTS = [
    path for path in FILES if path.suffix == "" and "bash" in path.read_text().partition("\n\n")[0]
]
SCRIPTS += [path for path in FILES if path.suffix == ".sbatch"]
UNITS = [path for path in FILES if path.suffix == ".service"]
EXAMPLES = [path for path in FILES if path.suffix == ".example"]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_bash_reads_it(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    command = ["shellcheck", "--external-sources", "--source-path", ROOT, script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_systemd_accepts_it(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    # Programs that only the target machine has are stood in for.
    text = re.sub(r"^(Exec\w+=)/opt/symray/\S+", r"\1/bin/true", unit.read_text(), flags=re.M)
    (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip()


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_a_service_that_ends_is_started_again(unit: Path) -> None:
    text = unit.read_text()
    assert "\nRestart=always\n" in text
    assert re.search(r"^User=(?!root)\w+$", text, flags=re.M)


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_an_example_holds_no_secret(example: Path) -> None:
    for line in example.read_text().splitlines():
        key, _, value = line.lstrip("#").partition("=")
        if re.search("PASSWORD|SECRET|TOKEN$", key) and "://" not in line and " " not in key:
            assert value in ("", "..."), line
        assert not re.search(r"://[^/@\s]*:[^/@\s]*@", line), line


def test_scripts_may_be_run() -> None:
    assert SCRIPTS
    for script in SCRIPTS:
        if script.read_text().startswith("#!"):
            assert script.stat().st_mode & 0o111, script
