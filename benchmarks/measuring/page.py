"""The tables of ``docs/benchmarks.md``, made from ``docs/benchmarks.json``.

    cd benchmarks && python -m measuring.page [--check]

A table stands between ``<!-- table: BENCHMARK/NAME -->`` and ``<!-- end -->``; all around is prose.
"""

import argparse
import re
from pathlib import Path

from measuring.machine import ROOT
from measuring.results import Benchmarks, read
from measuring.table import Table

PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = ROOT / "docs" / "benchmarks.json"
PLACE = re.compile(r"<!-- table: (\S+) -->\n.*?<!-- end -->", flags=re.DOTALL)


def with_tables(page: str, benchmarks: Benchmarks) -> str:
    """The page with every table as the figures have it.

    Raises:
        ValueError: a place names a table that isn't there, a table has no place, or it is of a
            quick run.
    """
    tables = {
        f"{benchmark}/{name}": Table.from_json(table)
        for benchmark, kept in benchmarks.items()
        for name, table in kept.items()
    }
    places = PLACE.findall(page)
    if unknown := set(places) - set(tables):
        raise ValueError(f"no figures for the tables {', '.join(sorted(unknown))} of the page")
    if quick := [name for name in places if tables[name].run.get("options", {}).get("quick")]:
        raise ValueError(f"the figures of {', '.join(quick)} are of a quick run, which say nothing")
    if homeless := set(tables) - set(places):
        raise ValueError(
            f"the page has no place for {', '.join(sorted(homeless))}; write "
            "<!-- table: BENCHMARK/NAME --> and <!-- end --> into it, a line each"
        )
    return PLACE.sub(
        lambda place: f"<!-- table: {place[1]} -->\n{tables[place[1]].markdown()}\n<!-- end -->",
        page,
    )


def main() -> None:
    """Rebuild the page, or only look whether it is as it would be made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if it would")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--figures", type=Path, default=FIGURES)
    options = parser.parse_args()
    page = options.page.read_text()
    try:
        made = with_tables(page, read(options.figures))
    except ValueError as error:
        parser.exit(2, f"{options.page}: {error}\n")
    if made == page:
        return
    if options.check:
        parser.exit(1, f"{options.page} isn't what {options.figures} says: `make bench ONLY=`\n")
    options.page.write_text(made)


if __name__ == "__main__":
    main()
