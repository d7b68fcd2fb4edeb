"""``symray health``."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from symray.cli.address import OnCluster
from symray.cli.options import Json, Name
from symray.cli.output import err, out, print_json

if TYPE_CHECKING:
    from symray.insight.health import Finding

FINE = "nothing looks wrong"


def health(name: Name, as_json: Json = False, address: OnCluster = None) -> None:
    """Say what looks wrong with a study, running or ended, by what, and what to do next.

    Only looks. The exit code is 1 where something is severe, else 0.

    Example: symray health quickstart
    """
    from symray.insight.health import health as examine
    from symray.record.study_record import StudyRecord

    record = StudyRecord.open(name)
    with err().status("looking ..."):
        findings = examine(record)
    if as_json:
        found = [asdict(finding) for finding in findings]
        print_json({"study": name, "state": record.state(), "findings": found})
    else:
        _show(name, record.state(), findings)
    if any(finding.severity == "severe" for finding in findings):
        raise typer.Exit(1)


def _show(name: str, state: str, findings: "Sequence[Finding]") -> None:
    if not findings:
        return out().print(f"study '{name}' is {state}; {FINE}")
    many = f"{len(findings)} things look wrong, the worst first"
    out().print(
        f"study '{name}' is {state}; {'1 thing looks wrong' if len(findings) == 1 else many}"
    )
    for finding in findings:
        out().print(f"{finding.severity:<8} {finding.kind}: {finding.sentence}")
        out().print(f"{'':<8} next: {finding.command}")
    return None
