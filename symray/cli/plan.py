"""What ``launch --dry-run`` shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symray.cli.output import duration, number, out, print_json, show, table
from symray.cli.report import show_report

if TYPE_CHECKING:
    from symray.driver.plan import Plan
    from symray.study_file import StudyFile


def show_plans(files: "Sequence[StudyFile]", as_json: bool) -> None:
    """Compute and print the plan of each study; nothing is launched."""
    from symray.driver.plan import plan

    plans = [plan(file) for file in files]
    if as_json:
        found = [item.to_json() for item in plans]
        return print_json({"studies": found} if len(files) > 1 else found[0])
    for item in plans:
        _show(item)
    return None


def _show(plan: "Plan") -> None:
    from symray.search.leaderboard import supervision

    console, file, cost = out(), plan.file, plan.cost
    console.print(f"# study '{file.study}' as it would run, with all defaults")
    console.print(file.to_yaml())
    names = list(file.search)
    rows = [
        [f"#{index}", *(number(params[name]) for name in names)]
        for index, params in enumerate(plan.first)
    ]
    reference = " (#0 is the reference)" if file.reference is not False else ""
    show_report(plan.data)
    console.print()
    show(table(["trial", *names], rows), f"trials asked first{reference}")
    console.print()
    console.print(f"pruner: {_pruner(plan)}")
    if (sentence := supervision(file)) is not None:
        console.print(f"choice: {sentence}")
    console.print(
        f"epochs: at most {plan.trial_epochs} in the search "
        f"and {plan.confirmation_epochs} in the confirmation"
    )
    console.print(f"pack: {plan.packing.sentence}")
    if plan.pretraining:
        console.print(
            f"pretraining: about {duration(plan.seconds_before)} before trial 0, once for each "
            "architecture that is searched; later studies find it"
        )
    console.print(
        f"time: {duration(cost.epoch_seconds)} an epoch, measured here on this machine's "
        f"{cost.device} with the settings of trial 0; at most {plan.cpu_hours:.2g} CPU-hours"
        f"{f' and {plan.gpu_hours:.2g} GPU-hours' if file.resources.gpu else ''}, "
        f"about {duration(3600 * plan.hours)} with {plan.concurrency} at a time"
        f"{', if packs gain nothing' if plan.packing.slots and plan.packing.gain is None else ''}"
    )
    console.print(f"disk: at most {plan.disk_bytes / 1e6:.3g} MB of checkpoints")
    away = plan.tracking.away
    later = f" does not answer now ({away}): a study runs, and its runs follow" if away else ""
    console.print(f"MLflow: {plan.tracking.found}{later}")
    console.print("nothing was launched")


def _pruner(plan: "Plan") -> str:
    pruner = plan.file.pruner
    if not plan.decisions:
        return "none, every trial is trained to its end"
    epochs = ", ".join(map(str, plan.decisions))
    return f"{pruner.name} on {pruner.metric} after epochs {epochs}"
