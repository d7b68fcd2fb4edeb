"""Data sets made ready on this machine before anything needs them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from symray.api.terminal import err

if TYPE_CHECKING:
    from symray.data.fetch import Progress
    from symray.study_file import StudyFile


def prepare_missing(specs: Iterable[str | Mapping[str, Any]]) -> None:
    """Prepare those data sets among ``specs`` that aren't ready on this machine.

    Raises:
        UserError: a publisher is away, or a file can't be used.
    """
    from symray.data import named_data_set, prepare_data

    done: list[object] = []
    for spec in specs:
        if spec in done:
            continue
        done.append(spec)
        if isinstance(spec, str) and not named_data_set(spec).is_prepared():
            err().print(f"data set '{spec}' is prepared, once for all studies on this machine")
        with progress_bars() as progress:
            prepare_data(spec, progress)


@contextmanager
def progress_bars() -> "Iterator[Progress]":
    """Something that draws how far each thing is, on stderr; in a log only beginnings are told."""
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    begun: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def show_progress(what: str, done: int, total: int | None) -> None:
            if what not in begun:
                begun[what] = bars.add_task(what, total=total)
                if not console.is_terminal:
                    console.print(what)
            bars.update(begun[what], completed=done, total=total)

        yield show_progress


def tell_warnings(files: "Sequence[StudyFile]") -> None:
    """What looks wrong with the studies' data, on stderr, before a night is spent on them."""
    from symray.data import load_data

    specs = [file.data_spec() for file in files]
    for i, spec in enumerate(specs):
        if spec in specs[:i]:
            continue
        report = load_data(spec).report()
        for warning in report.warnings:
            err().print(f"warning: {report.name}: {warning}")
