"""The table ready for a paper: Markdown, LaTeX, CSV; and with its studies as JSON."""

import csv
import io
from collections.abc import Callable, Mapping

from symray.report.page.export import exported
from symray.report.page.paper_table import Cell, Line, PaperTable

_NOTES = (
    "mean ± standard deviation over n fresh seeds on the test split, unless `of` says otherwise; "
    "bold: best mean among studies that keep their constraints; †: breaks a constraint; "
    "<= floor: no more than shuffled Y gives"
)

_COLUMNS = (
    *("study", "model", "split", "trial", "metric", "mean", "sd", "n", "low_95", "high_95"),
    *("best", "floored", "breaks"),
    *("to_best", "to_best_low_95", "to_best_high_95", "to_best_paired"),
)


def markdown(table: PaperTable) -> str:
    """A table in Markdown, with what its marks mean below."""
    names = ["study", "model", "of", "n", *table.headings.values()]
    rows = [
        [*_head(line), *(_text(line, name, "**{}**") for name in table.headings)]
        for line in table.lines
    ]
    lines = [names, ["---"] * 2 + ["---"] + ["---:"] * (len(names) - 3), *rows]
    lines += [
        ["published", model, "", "", *(_published(values, name) for name in table.headings)]
        for model, values in table.comparison.published.items()
    ]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    notes = [_NOTES, *table.comparison.notes]
    notes += [f"published: {source}" for source in table.comparison.sources]
    return f"{text}\n\n" + "\n".join(f"- {note}" for note in notes) + "\n"


def latex(table: PaperTable) -> str:
    r"""A ``tabular`` for ``\usepackage{booktabs}``, with what its marks mean as comments."""
    columns = [_escaped(heading) for heading in table.headings.values()]
    body = []
    for line in table.lines:
        cells = [_escaped(text) for text in _head(line)]
        cells += [_latex(line, name) for name in table.headings]
        body.append(" & ".join(cells) + r" \\")
    published = [
        " & ".join(
            ["published", _escaped(model), "", ""]
            + [_published(values, name) for name in table.headings]
        )
        + r" \\"
        for model, values in table.comparison.published.items()
    ]
    notes = [f"% {note}" for note in (_NOTES, *table.comparison.notes)]
    return "\n".join(
        [
            *notes,
            rf"\begin{{tabular}}{{lll{'r' * (len(columns) + 1)}}}",
            r"\toprule",
            " & ".join(["study", "model", "of", "n", *columns]) + r" \\",
            r"\midrule",
            *body,
            *([r"\midrule", *published] if published else []),
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def comma_separated(table: PaperTable) -> str:
    """All numbers unrounded: mean, sd, n, interval, difference to the best, by study and metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "study",
            "model",
            "split",
            "trial",
            "metric",
            "mean",
            "sd",
            "n",
            "low_95",
            "high_95",
            "best",
            "floored",
            "breaks",
            "to_best",
            "to_best_low_95",
            "to_best_high_95",
            "to_best_paired",
        ]
    )
    for line in table.lines:
        for name, cell in line.cells.items():
            value, apart = cell.value, cell.to_best
            writer.writerow(
                [line.row.study, line.row.model, line.row.split, line.row.number, name]
                + [value.mean, value.sd, value.n, value.low, value.high]
                + [cell.best, cell.floored, cell.broken]
                + ([apart.mean, apart.low, apart.high, apart.paired] if apart else [None] * 4)
            )
    return text.getvalue()


FORMATS: Mapping[str, Callable[[PaperTable], str]] = {
    "json": exported,
    "md": markdown,
    "latex": latex,
    "csv": comma_separated,
}


def figure_text(cell: Cell) -> str:
    """``mean ± sd`` of a cell, or that it is within its floor."""
    if cell.floored:
        return "<= floor"
    sd = cell.value.sd
    return f"{cell.value.mean:z.3f}" + ("" if sd is None else f" ± {sd:.3f}")


def _head(line: Line) -> list[str]:
    row = line.row
    return [row.study, row.model, row.split or "nothing feasible", str(row.n or "-")]


def _text(line: Line, name: str, bold: str) -> str:
    cell = line.cells.get(name)
    if cell is None:
        return "-"
    text = bold.format(figure_text(cell)) if cell.best else figure_text(cell)
    return text + ("†" if cell.broken else "")


def _latex(line: Line, name: str) -> str:
    text = _text(line, name, r"\textbf{{{}}}")
    for plain, tex in (("±", r"$\pm$"), ("<=", r"$\le$"), ("†", r"$^\dagger$")):
        text = text.replace(plain, tex)
    return text


def _published(values: Mapping[str, float], name: str) -> str:
    return f"{values[name]:.3f}" if name in values else "-"


def _escaped(text: str) -> str:
    for plain, tex in (("_", r"\_"), ("%", r"\%"), ("&", r"\&"), ("#", r"\#"), ("²", "$^2$")):
        text = text.replace(plain, tex)
    return text
