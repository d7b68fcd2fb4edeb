"""Studies written as one page, or as the table of a paper."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from symray.api.study import Study
from symray.errors import UserError
from symray.report.page.formats import FORMATS
from symray.report.page.html import page
from symray.report.page.paper_table import paper_table

Format = Literal["html", "md", "latex", "csv", "json"]
_BY_SUFFIX: Mapping[str, Format] = {
    ".html": "html",
    ".htm": "html",
    ".md": "md",
    ".tex": "latex",
    ".csv": "csv",
    ".json": "json",
}


def write_report(
    *studies: Study | str, out: str | os.PathLike[str], format: Format | None = None
) -> Path:
    """Write studies as one self-contained page, or as a table ready for a paper.

    >>> import symray
    >>> symray.write_report("finished", out="table.md").read_text().splitlines()[2][:22]
    '| finished | stib | te'

    Args:
        studies: or their names; a suite's name stands for all of its studies.
        out: the file.
        format: by default what the file's suffix says: .html, .md, .tex, .csv or .json.

    Returns:
        The file.

    Raises:
        UserError: no such study, a suffix that says nothing, or the file can't be written.
    """
    path = Path(out)
    chosen = format or _BY_SUFFIX.get(path.suffix)
    if chosen is None:
        raise UserError(
            f"{path}: what kind of file this is must show; name it {', '.join(_BY_SUFFIX)}, or "
            "give its format"
        )
    text = report_text([s.name if isinstance(s, Study) else s for s in studies], chosen)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}") from error
    return path


def report_text(names: list[str], format: Format) -> str:
    """A report's text.

    Raises:
        UserError: no such study.
    """
    table = paper_table(names)
    return page(table) if format == "html" else FORMATS[format](table)
