"""What Sphinx needs to know to build the documentation as a site: `make docs`."""

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))

from tables import TABLES  # noqa: E402

import symray  # noqa: E402

project = "symray"
author = "the symray developers"
release = symray.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["_build"]
nitpicky = False

html_theme = "furo"
html_title = "symray"

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_class_signature = "separated"
napoleon_google_docstring = True

ROOT_PAGES = {"README.md": "index", "CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing"}
"""Pages at the top of the repository, and where the site has them."""

_TABLE = re.compile(r"<!-- made from the code: ([\w-]+) -->")
_TEXT = re.compile(r"<!-- the text of ([\w.]+) -->")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
_IMAGE = re.compile(r"(!\[[^\]]*\]\()docs/")


def _linked(markdown: str, folder: Path) -> str:
    """Links as the site has them; what is no page of it is named, since it is in the repository."""

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        path = os.path.relpath(os.path.normpath(folder / target), ROOT)
        if path in ROOT_PAGES:
            return f"[{text}]({ROOT_PAGES[path]}.md{anchor})"
        if path.startswith("docs/") and path.endswith(".md"):
            return f"[{text}]({path.removeprefix('docs/')}{anchor})"
        return f"`{path}`"

    return _IMAGE.sub(r"\1", _LINK.sub(link, markdown))


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Fill in a page's tables and the texts from the top of the repository."""
    text = _linked(source[0], DOCS)
    text = _TEXT.sub(lambda found: _linked((ROOT / found[1]).read_text(), ROOT), text)
    source[0] = _TABLE.sub(lambda found: "\n".join(TABLES[found[1]]()), text)


def setup(app: Sphinx) -> None:
    """Have each page's source pass through here."""
    app.connect("source-read", _read)
