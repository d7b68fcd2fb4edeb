"""What a record holds as pandas' tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symray.insight.trial_rows import flat_rows, select_rows
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines
from symray.search.confirmation import read_confirmation, seed_metrics, winner_of

if TYPE_CHECKING:
    import pandas as pd


def trials_frame(record: StudyRecord, where: str | None, sort: str | None) -> "pd.DataFrame":
    """One row per trial under its number.

    Raises:
        UserError: no such column, or the expression can't be read.
    """
    import pandas as pd

    names, rows = flat_rows(record, select_rows(record, where, sort))
    return pd.DataFrame(rows, columns=names).set_index("number")


def curves_frame(record: StudyRecord, trials: Sequence[int] | None) -> "pd.DataFrame":
    """One row per recorded epoch of trials.

    Raises:
        UserError: no such trial.
    """
    import pandas as pd

    numbers = [trial.number for trial in record.trials()] if trials is None else list(trials)
    rows = [
        {"trial": number, "epoch": line["epoch"], "time": line["time"], **line["values"]}
        for number in numbers
        for line in metric_lines(record.trial_folder(record.trial(number).number))
    ]
    frame = pd.DataFrame(rows, columns=None if rows else ["trial", "epoch", "time"])
    frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
    return frame


def confirmation_frame(record: StudyRecord, per_seed: bool) -> "pd.DataFrame":
    """The confirmation's settings, the winner first, or its trainings."""
    import pandas as pd

    rows = list(_per_seed(record) if per_seed else _settings(record))
    head = ["trial", "split", "seed"] if per_seed else ["trial", "split", "n", "failed", "feasible"]
    return pd.DataFrame(rows, columns=None if rows else head)


def _settings(record: StudyRecord) -> Iterator[dict[str, Any]]:
    content = read_confirmation(record)
    if content is None:
        return
    for entry in content["candidates"]:
        head = {"trial": entry["number"], "split": "validation"}
        head |= {name: entry[name] for name in ("n", "failed", "feasible")}
        stats = dict(entry["validation"])
        if "udr" in entry:
            stats["udr"] = entry["udr"]
        yield head | _columns(stats)
    if (winner := winner_of(content)) is not None:
        head = {"trial": winner["number"], "split": "test"}
        head |= {name: winner[name] for name in ("n", "failed", "feasible")}
        yield head | _columns(content["test"])


def _columns(stats: dict[str, dict[str, float | None]]) -> dict[str, float | None]:
    columns: dict[str, float | None] = {}
    for name, stat in stats.items():
        columns |= {name: stat["mean"], f"{name}_sd": stat["sd"]}
    return columns


def _per_seed(record: StudyRecord) -> Iterator[dict[str, Any]]:
    for split in ("validation", "test"):
        for folder in record.confirmation_folders():
            metrics = seed_metrics(folder, split)
            if metrics is not None:
                yield {**_identity(folder), "split": split, **metrics}


def _identity(folder: Path) -> dict[str, int]:
    """Trial and index of the seed, by the folder's name."""
    number, _, index = folder.name.partition("-")
    return {"trial": int(number), "seed": int(index)}
