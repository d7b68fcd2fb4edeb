"""Runs the small studies of ``docs/results.md`` again and compares: `make results`.

    python docs/results_rerun.py [--only NAME ...] [--home FOLDER]

They are those of ``docs/results/small-*.json``, which hold their study files. On the same processor
with the same version of PyTorch every number must be the same to its last bit; elsewhere the
differences are told. Ends with 1 where a number should be the same and isn't. What has run is kept
in FOLDER, so that a stopped run goes on.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from results_page import FOLDER

from symray.report.page.export import Export, imported

SYMRAY = [sys.executable, "-m", "symray"]
PREFIX = "small-"


def rerun(name: str, export: Export, home: Path) -> Export:
    """Run the studies of an export in the home folder ``home``; gives what they export."""
    environment = os.environ | {"SYMRAY_HOME": str(home)}
    studies = [line.row.study for line in export.table.lines]
    for study, story in zip(studies, export.stories, strict=True):
        file = home / f"{study}.yaml"
        home.mkdir(parents=True, exist_ok=True)
        file.write_text(story["file"])
        begun = (home / study / "study.yaml").exists()
        command = ["resume", study] if begun else ["launch", str(file)]
        subprocess.run([*SYMRAY, *command], env=environment, check=True)
    out = home / f"{name}.json"
    subprocess.run([*SYMRAY, "report", *studies, "--out", str(out)], env=environment, check=True)
    return imported(out.read_text())


def compared(page: Export, here: Export) -> Iterator[tuple[str, bool]]:
    """For each row of the page a sentence, and whether it is as it must be."""
    for index, (was, now) in enumerate(zip(page.table.lines, here.table.lines, strict=True)):
        ours = {name: cell.seeds or {0: cell.value.mean} for name, cell in was.cells.items()}
        theirs = {name: cell.seeds or {0: cell.value.mean} for name, cell in now.cells.items()}
        same_machine = _machine(page.stories[index]) == _machine(here.stories[index])
        if ours == theirs:
            yield f"{was.row.study}: agrees, every number to its last bit", True
            continue
        other = [name for name in ours if ours[name] != theirs.get(name)]
        told = ", ".join(
            f"{name} {was.cells[name].value.mean:.4g}, here {now.cells[name].value.mean:.4g}"
            for name in other
            if name in now.cells
        )
        where = "on the same machine" if same_machine else "on another machine"
        yield f"{was.row.study}: differs {where}: {told or 'other metrics'}", not same_machine


def _machine(story: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must be equal for equal bits; hosts' names don't matter."""
    processors = {place.partition(", ")[2] for place in story["where"]}
    return (sorted(processors), story["tags"].get("symray.torch"))


def main() -> None:
    """Run and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of these files only")
    parser.add_argument("--home", type=Path, default=Path("build/results"))
    options = parser.parse_args()
    agreed = True
    for path in sorted(FOLDER.glob(f"{PREFIX}*.json")):
        if options.only and path.stem not in options.only:
            continue
        page = imported(path.read_text())
        for sentence, fine in compared(page, rerun(path.stem, page, options.home)):
            print(sentence, flush=True)
            agreed &= fine
    sys.exit(0 if agreed else 1)


if __name__ == "__main__":
    main()
