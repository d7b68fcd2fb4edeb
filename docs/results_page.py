"""The tables and dots of ``docs/results.md``, made from what studies exported.

    python docs/results_page.py [--check]

``<!-- results: NAME -->`` to ``<!-- end -->`` is made from ``docs/results/NAME.json``, which
`symray report STUDY... --out docs/results/NAME.json` wrote; all around is prose.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tables import table

from symray.report.page.charts import WIDTH, dots
from symray.report.page.estimates import Estimate
from symray.report.page.export import Export, imported
from symray.report.page.formats import markdown
from symray.report.page.paper_table import Line

DOCS = Path(__file__).parent
PAGE = DOCS / "results.md"
FOLDER = DOCS / "results"
PLACE = re.compile(r"<!-- results: (\S+) -->\n.*?<!-- end -->", flags=re.DOTALL)
HEIGHT = re.compile(r' height="(\d+)"')
STYLE = (
    "svg{background:#fff}text{font:10px sans-serif;fill:#222}.end{text-anchor:end}"
    ".middle{text-anchor:middle}.axis{stroke:#999}.mean{stroke:#c0392b;stroke-width:2}"
    ".front{fill:#2a6fb0}"
)


def with_results(page: str, exports: Mapping[str, Export]) -> str:
    """The page with every block as the exports have it.

    Raises:
        ValueError: a block names no export, or an export has no block.
    """
    places = PLACE.findall(page)
    if unknown := set(places) - set(exports):
        raise ValueError(f"no docs/results/*.json for {', '.join(sorted(unknown))}")
    if homeless := set(exports) - set(places):
        raise ValueError(f"no <!-- results: ... --> for {', '.join(sorted(homeless))}")

    def block(place: re.Match[str]) -> str:
        text = "\n".join(_block(place[1], exports[place[1]]))
        return f"<!-- results: {place[1]} -->\n{text}\n<!-- end -->"

    return PLACE.sub(block, page)


def pictures(export: Export) -> str:
    """A dot for each seed of each study, a bar at the mean: one SVG, a metric below the other."""
    models = [line.row.model for line in export.table.lines]
    by_model = len(set(models)) == len(models)  # else the studies' names, which are longer
    charts = [
        dots(
            [
                (
                    line.row.model if by_model else line.row.study,
                    [(value, str(seed)) for seed, value in line.cells[name].seeds.items()],
                    line.cells[name].value.mean,
                )
                for line in export.table.lines
                if name in line.cells and line.cells[name].seeds
            ],
            heading,
        )
        for name, heading in export.table.headings.items()
    ]
    charts = [chart for chart in charts if chart]
    height = max((int(found) for chart in charts for found in HEIGHT.findall(chart)), default=0)
    placed = [
        chart.replace("<svg ", f'<svg x="{WIDTH * (i % 3)}" y="{height * (i // 3)}" ', 1)
        for i, chart in enumerate(charts)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{3 * WIDTH}" '
        f'height="{height * -(-len(charts) // 3)}"><style>{STYLE}</style>{"".join(placed)}</svg>\n'
    )


def read_exports() -> dict[str, Export]:
    """All of ``docs/results``, by name."""
    return {path.stem: imported(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def _block(name: str, export: Export) -> Iterator[str]:
    yield markdown(export.table)
    if any(cell.seeds for line in export.table.lines for cell in line.cells.values()):
        yield f"![A dot for each seed, a bar at the mean](results/{name}.svg)\n"
        yield from table(
            ("metric", "study", "mean", "95 % interval", "n", "against the best"),
            [
                [heading, line.row.study, *_figures(line, metric)]
                for metric, heading in export.table.headings.items()
                for line in export.table.lines
                if metric in line.cells
            ],
        )
        yield ""
    yield from table(
        ("study", "trials", "chosen", "training", "seen test", "on", "code"),
        [
            _origin(line, story, export)
            for line, story in zip(export.table.lines, export.stories, strict=True)
        ],
    )
    yield ""
    for line, story in zip(export.table.lines, export.stories, strict=True):
        yield from _details(line, story)


def _figures(line: Line, metric: str) -> list[str]:
    cell = line.cells[metric]
    apart = cell.to_best
    against = (
        ("best" if cell.best else "")
        if apart is None
        else (
            f"{apart.mean:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]"
            f"{', paired' if apart.paired else ''}"
        )
    )
    return [f"{cell.value.mean:z.4f}", _interval(cell.value), str(cell.value.n), against]


def _interval(value: Estimate) -> str:
    return "" if value.low is None else f"{value.low:z.4f} to {value.high:z.4f}"


def _origin(line: Line, story: Mapping[str, Any], export: Export) -> list[str]:
    spent = [story["search"], story["confirmation"]]
    hours = sum(part["cpu_hours"] for part in spent), sum(part["gpu_hours"] for part in spent)
    tags = story["tags"]
    return [
        line.row.study,
        str(line.row.trials),
        ", ".join(f"{name} {_short(value)}" for name, _, value in story["searched"]) or "-",
        f"{sum(part['epochs'] for part in spent):,} epochs, {hours[0]:.2f} CPU-hours"
        + (f", {hours[1]:.2f} GPU-hours" if hours[1] else ""),
        str(story["test_evaluations"]),
        "; ".join(story["where"]),
        f"{tags.get('symray.commit', 'unknown')}, symray {export.version}, {export.written}",
    ]


def _details(line: Line, story: Mapping[str, Any]) -> Iterator[str]:
    columns, rows = story["trials"]["columns"], story["trials"]["rows"]
    yield f"<details><summary>{line.row.study}: its file and all that was tried</summary>\n"
    yield f"```yaml\n{story['file'].strip()}\n```\n"
    yield from table(columns, [[_short(value) for value in row] for row in rows])
    yield "\n</details>\n"


def _short(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def written(check: bool) -> Sequence[Path]:
    """Write the page and its pictures; gives the files that were, or with ``check`` would be, new.

    Raises:
        ValueError: page and exports don't fit.
    """
    exports = read_exports()
    wanted = {PAGE: with_results(PAGE.read_text(), exports)}
    wanted |= {FOLDER / f"{name}.svg": pictures(export) for name, export in exports.items()}
    changed = [
        path for path, text in wanted.items() if not path.exists() or path.read_text() != text
    ]
    for path in [] if check else changed:
        path.write_text(wanted[path])
    return changed


def main() -> None:
    """Write the page, or only look whether it is as it would be made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if it would")
    options = parser.parse_args()
    try:
        changed = written(options.check)
    except ValueError as error:
        parser.exit(2, f"{PAGE}: {error}\n")
    if changed and options.check:
        parser.exit(1, f"not what the exports say: {', '.join(map(str, changed))}\n")


if __name__ == "__main__":
    main()
