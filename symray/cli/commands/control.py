"""``stop``, ``extend``, ``retry`` and ``reconcile``."""

from typing import TYPE_CHECKING, Annotated

import typer

from symray.cli.address import OnCluster
from symray.cli.options import Name
from symray.cli.output import err, out
from symray.errors import UserError

if TYPE_CHECKING:
    from symray.record.study_record import StudyRecord


def stop(
    name: Name,
    number: Annotated[
        int | None,
        typer.Argument(help="Only this trial.", metavar="NUMBER", min=0, show_default=False),
    ] = None,
    address: OnCluster = None,
) -> None:
    """Stop a running study, or one of its trials.

    The running trials write a checkpoint, from which `symray resume` goes on.
    A trial that is stopped by its number has ended; the study goes on without it.

    Example: symray stop quickstart 3
    """
    from symray.api.running import stopped_sentence
    from symray.api.study import Study
    from symray.search.requests import check_is_running

    study = Study.named(name)
    record = study.record
    if number is not None:
        check_is_running(record, number)
        err().print(f"asking the driver to stop trial {number} at the end of its epoch ...")
        if study.stop(number):
            return out().print(
                f"trial {number} of study '{name}' ended as {_state(record, number)}"
            )
        return out().print(f"trial {number} has not ended its epoch yet; it will be stopped then")
    if study.state != "running":
        return out().print(f"study '{name}' is not running; it is {study.state}")
    err().print("asking the driver to stop; running trials write a checkpoint ...")
    if not study.stop():
        return out().print(f"study '{name}' has not stopped yet; see: symray status {name}")
    if record.complete:
        return out().print(f"study '{name}' became complete meanwhile")
    return out().print(stopped_sentence(record))


def extend(
    name: Name,
    trials: Annotated[
        int,
        typer.Option(help="How many trials more.", min=1, metavar="N", show_default=False),
    ],
    address: OnCluster = None,
) -> None:
    """Give a study more trials; those it has stay.

    Example: symray extend quickstart --trials 10
    """
    from symray.api.study import Study

    study = Study.named(name)
    total = study.extend(trials)
    out().print(f"study '{name}' is to have {total} trials; {_who_goes_on(study.record)}")


def retry(
    name: Name,
    failed: Annotated[bool, typer.Option("--failed", help="All failed trials.")] = False,
    address: OnCluster = None,
) -> None:
    """Try failed trials again, each as a new trial with the same parameters and seed.

    Example: symray retry quickstart --failed
    """
    from symray.api.study import Study

    if not failed:
        raise UserError(f"say which trials: symray retry {name} --failed")
    study = Study.named(name)
    numbers = study.retry()
    if not numbers:
        return out().print(f"study '{name}' has no failed trial that wasn't retried yet")
    which = ", ".join(f"#{number}" for number in numbers)
    return out().print(f"trials to be retried: {which}; {_who_goes_on(study.record)}")


def reconcile(name: Name, address: OnCluster = None) -> None:
    """Make MLflow equal to the study's record, as after a time without its server.

    Example: symray reconcile quickstart
    """
    err().print(f"comparing MLflow with the record of study '{name}' ...")
    from symray.record.study_record import StudyRecord
    from symray.tracking.projector import reconcile as reconcile_record

    mended = reconcile_record(StudyRecord.open(name))
    for line in mended or [f"MLflow is equal to the record of study '{name}': nothing to mend"]:
        out().print(line)


def _state(record: "StudyRecord", number: int) -> str:
    return str(record.trial(number).state.name)


def _who_goes_on(record: "StudyRecord") -> str:
    from symray.search.requests import running

    if running(record):
        return "the running driver goes on with them"
    return f"go on with: symray resume {record.name}"
