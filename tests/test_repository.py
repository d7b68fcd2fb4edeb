"""Rules of the repository that no other check holds."""

import pkgutil
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LAYOUT = {
    *(".ci", ".gitignore", ".pre-commit-config.yaml"),
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"),
    *("cluster.yaml", "constraints.txt", "pyproject.toml"),
    *("benchmarks", "deploy", "docs", "mlflow", "studies", "symray", "tests"),
}


def tracked() -> list[Path]:
    # CI may own the checkout under another user's name, which git distrusts by default.
    git = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
    listing = subprocess.run(git, check=True, capture_output=True, text=True)
    return [Path(name) for name in listing.stdout.split("\0") if name]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pinned}


def direct_requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(line) for lines in (PROJECT["dependencies"], *extras) for line in lines]


def test_nothing_shadows_the_mlflow_library() -> None:
    assert not (ROOT / "mlflow" / "__init__.py").exists()


def test_top_level_holds_what_the_layout_names() -> None:
    assert {path.parts[0] for path in tracked()} <= LAYOUT


def test_no_tracked_file_is_large() -> None:
    sizes = {path: (ROOT / path).stat().st_size for path in tracked() if (ROOT / path).exists()}
    assert not {path: size for path, size in sizes.items() if size > 200_000}


@pytest.mark.parametrize("requirement", direct_requirements(), ids=lambda r: r.name)
def test_every_direct_dependency_is_pinned_within_its_range(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_constraints_are_names_and_public_versions() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"#.*|[\w.-]+==\d+(\.\w+)*", line), line


def test_the_make_commands_of_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", readme, flags=re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert {"study", "test"} <= named <= targets


@pytest.mark.parametrize("page", [path for path in tracked() if path.suffix == ".md"], ids=str)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    assert [link for link in links if not (ROOT / page.parent / link).exists()] == []


def _resolves(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("page", [path for path in tracked() if path.suffix == ".md"], ids=str)
def test_the_code_that_a_page_names_is_there(page: Path) -> None:
    text = (ROOT / page).read_text()
    paths = [f"/{path}" for path in tracked()]
    files = re.findall(r"`([\w./-]+\.py)\b", text)
    wanted = [file for file in files if "NAME" not in file and file != "my_lab/models.py"]
    assert [file for file in wanted if not any(p.endswith(f"/{file}") for p in paths)] == []
    folders = re.findall(r"`((?:symray|tests|benchmarks|studies|deploy)/[\w/-]+/)`", text)
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    dotted = re.findall(r"\bsymray(?:\.\w+)+", text)
    rooms = {path.stem for path in (ROOT / "symray").iterdir()}
    names = [name for name in dotted if name.split(".")[1] in rooms]
    assert [name for name in names if not _resolves(name)] == []
