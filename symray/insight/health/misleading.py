"""Numbers that look better than what they stand for."""

from collections.abc import Iterator

from symray.data import load_data
from symray.errors import UserError
from symray.insight.health.facts import Facts
from symray.insight.health.finding import Finding
from symray.search.mean_codes import readable_means


def mean_codes(facts: Facts) -> Iterator[Finding]:
    """A champion that is invariant in drawn codes, while its mean codes tell Y."""
    found = readable_means(facts.record)
    if found is not None:
        yield Finding(
            kind="mean codes",
            severity="warning",
            sentence=found.sentence,
            evidence={"mi_z0_y_sampled": found.bits, "probe_r2": found.r2},
            command=f"symray explain {facts.name} {found.number}",
            trials=(found.number,),
        )


def poor_data(facts: Facts) -> Iterator[Finding]:
    """Targets and columns of the study's own data that hardly vary, where the file is at hand."""
    spec = facts.file.data_spec()
    if isinstance(spec, str):
        return
    try:
        report = load_data(spec).report()
    except UserError:
        return  # it may be on another machine, or gone
    for warning in report.warnings:
        yield Finding(
            kind="data",
            severity="warning",
            sentence=f"{report.name}: {warning}",
            evidence={"data": report.name},
            command=f"symray data check {facts.record.folder / 'study.yaml'}",
        )
