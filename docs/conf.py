"""What Sphinx needs to know to build the documentation as a site: `make docs`."""

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))

from tables import TABLES  # noqa: E402

import symray  # noqa: E402

project = "symray"
author = "the symray developers"
release = symray.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["_build"]
nitpicky = False

html_theme = "furo"
html_title = "symray"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]

nb_execution_mode = "off"  # `make docs` has them run, the tests do so beside the site
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True
nb_output_stderr = "remove"

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
        if path.endswith(".ipynb"):
            return found[0]
        if not (ROOT / path).exists():
            raise SphinxError(f"a page links to {path}, which isn't there")
        return f"`{path}`"

    return _IMAGE.sub(r"\1", _LINK.sub(link, markdown))


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Fill in a page's tables, and the texts from the top of the repository; not in notebooks."""
    if app.env.doc2path(page).suffix != ".md":
        return
    text = _linked(source[0], DOCS)
    text = _TEXT.sub(lambda found: _linked((ROOT / found[1]).read_text(), ROOT), text)
    source[0] = _TABLE.sub(lambda found: "\n".join(TABLES[found[1]]()), text)


def setup(app: Sphinx) -> None:
    """Have each page's source pass through here."""
    app.connect("source-read", _read)
