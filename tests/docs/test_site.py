"""The documentation as a site: it builds without a warning, and says what the code says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "symray").rglob("*.py")))
# a sentence that stands on several lines, as the one that a user sees
SENTENCES = re.sub(r'"\s*\n\s*f?"', "", CODE)
FAQ = re.findall(r"^## `(.+)`$", (ROOT / "docs" / "faq.md").read_text(), flags=re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", str(folder)]
    environment = os.environ | {"NO_COLOR": "1"}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    return folder


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("index", "Hyperparameter studies for researchers"),
        ("study_file", "trials of the search; by default 20"),
        ("metrics", "Kraskov MI(Z0; Y) in bits, k = 3"),
        ("models", "Algorithm 1 of the paper’s appendix"),
        ("models", "NonSynVAE"),
        ("metrics", "codes drawn from q(z0|x)"),
        ("molecules", "A molecule, its salts, ions and tautomers are in one split"),
        ("notebooks/artificial_data", "study.figure("),
        ("contributing", "A health finding"),
        ("changelog", "Unreleased"),
    ],
)
def test_pages_hold_what_is_made_from_the_code(site: Path, page: str, text: str) -> None:
    words = re.sub(r"<[^>]+>", "", (site / f"{page}.html").read_text())
    assert text in " ".join(words.split())


@pytest.mark.parametrize("heading", FAQ)
def test_an_error_of_the_page_is_one_that_the_code_tells(heading: str) -> None:
    parts = [part.strip() for part in heading.split("...")]
    assert [part for part in parts if part not in SENTENCES] == []


def test_every_variable_is_on_the_page_of_operations() -> None:
    read = set(re.findall(r'"(SYMRAY_[A-Z]+)"', CODE))
    told = set(re.findall(r"`(SYMRAY_[A-Z]+)`", (ROOT / "docs" / "operations.md").read_text()))
    assert read == told
