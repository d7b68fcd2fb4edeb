"""The command line of every benchmark."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from measuring.machine import commit, machine, today, versions
from measuring.results import Results

Parser = argparse.ArgumentParser
Options = argparse.Namespace
Measure = Callable[[Results, Options], None]
"""What a benchmark does: measures as the options say and fills tables of the results."""


class CannotMeasureError(Exception):
    """Something that a benchmark needs isn't here; a sentence says what, and what to do."""


def run(measure: Measure, add_options: Callable[[Parser], None] = lambda parser: None) -> None:
    """Read the command line, measure, print, and write JSON where that is asked for.

    Exit code 2 with one sentence where something that it needs isn't here.

    Args:
        measure: what the script measures; the script's own docstring is the text of ``--help``.
        add_options: adds those that only this script has.
    """
    parser = Parser(
        description=inspect.getdoc(sys.modules[measure.__module__]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, to see that it runs: its figures say nothing",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures into it, beside those it has"
    )
    add_options(parser)
    options = parser.parse_args()
    where = machine()
    print(where, flush=True)
    results = Results(
        Path(inspect.getfile(measure)).stem,
        {
            "date": today(),
            "commit": commit(),
            "machine": where,
            "versions": versions(),
            "options": {
                name: value
                for name, value in vars(options).items()
                if not isinstance(value, Path)  # where files lie here is nobody's concern
            },
        },
    )
    try:
        measure(results, options)
    except CannotMeasureError as error:
        parser.exit(2, f"{error}\n")
    if options.json:
        results.save(options.json)
