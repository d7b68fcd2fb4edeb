"""``symray compare``."""

import csv
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from symray.cli.address import OnCluster
from symray.cli.options import Json
from symray.cli.output import err, number, out, print_json, show, table

if TYPE_CHECKING:
    from symray.report.compare import Comparison, Row


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Studies; a suite's name stands for all of its."),
    ],
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="All metrics as CSV on stdout.")] = False,
    address: OnCluster = None,
) -> None:
    """Put studies side by side: model by metric, as in the papers' tables.

    Figures are mean ± standard deviation over the confirmation's seeds, on the test split. MI is in
    bits.

    Example: symray compare comparison
    """
    from symray.api.study import compare as compare_studies

    comparison = compare_studies(*names)
    if as_json:
        print_json(_as_json(comparison))
    elif as_csv:
        _print_csv(comparison)
    else:
        _print_table(comparison)
    if not as_json:
        for note in comparison.notes:
            err().print(f"note: {note}")


def _as_json(comparison: "Comparison") -> dict[str, object]:
    rows = []
    for row in comparison.rows:
        content = asdict(row)
        figures = content.pop("figures")
        content["metrics"] = {k: v | {"floored": row.floored(k)} for k, v in figures.items()}
        rows.append(content)
    return {
        "studies": rows,
        "published": comparison.published,
        "sources": comparison.sources,
        "notes": comparison.notes,
    }


def _print_csv(comparison: "Comparison") -> None:
    columns, rows = comparison.table()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _print_table(comparison: "Comparison") -> None:
    from symray.report.columns import headings as headings_of

    headings = headings_of(comparison)
    columns = ["study", "model", "preset", "trials", "of", "seeds", *headings.values()]
    rows = [
        [
            row.study,
            row.model,
            row.preset,
            str(row.trials),
            row.split or "nothing feasible",
            str(row.n or "-"),
            *(_cell(row, name) for name in headings),
        ]
        for row in comparison.rows
    ]
    published = [
        ["published", model, "", "", "", "", *(number(values.get(name)) for name in headings)]
        for model, values in comparison.published.items()
    ]
    show(table(columns, rows + published))
    if "mi_z0_y" in headings:
        out().print(
            "MI in bits: as published is Kraskov's with k = 20 and not standardised; the other has "
            "k = 3 and is standardised; its floor is what shuffled Y gives, mean + 2 sd"
        )
    for source in comparison.sources:
        out().print(f"published: {source}")


def _cell(row: "Row", name: str) -> str:
    if name == "floor":
        return "-" if row.floor is None else f"{row.floor:.3f}"
    figure = row.figures.get(name)
    if figure is None:
        return "-"
    if row.floored(name):
        return "<= floor"
    return f"{figure.mean:.3f}" + ("" if figure.sd is None else f" ± {figure.sd:.3f}")
