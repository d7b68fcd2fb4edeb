"""``symray doctor``."""

from dataclasses import asdict

import typer

from symray.cli.options import Json
from symray.cli.output import err, out, print_json


def doctor(as_json: Json = False) -> None:
    """Say what works on this machine and what to do about the rest.

    Starts Ray for a moment. The exit code is 1 where nothing can run, else 0.

    Example: symray doctor
    """
    from symray.insight.doctor import examine

    findings = []
    with err().status("looking ..."):
        for finding in examine():
            findings.append(finding)
            if not as_json:
                out().print(f"{finding.status:<8} {finding.name:<15} {finding.found}")
                if finding.advice:
                    out().print(f"{'':<24} {finding.advice}")
    broken = [f.name for f in findings if f.essential and f.status == "missing"]
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings], "broken": broken})
    else:
        out().print(f"not usable: {', '.join(broken)}" if broken else "studies can run here")
    if broken:
        raise typer.Exit(1)
