"""Studies side by side, as the papers' tables: one row per study, one column per metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symray.record.home import study_names
from symray.record.studies import find_study
from symray.record.study_record import StudyRecord
from symray.record.task_folder import last_line
from symray.report.published import PUBLISHED, SOURCES
from symray.search.confirmation import read_confirmation, winner_of
from symray.search.leaderboard import leaderboard, nothing_feasible, supervision
from symray.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("x_mae", "y_mae", "mi_z0_y_paper", "mi_z0_y_sampled", "mi_z0_y", "probe_r2", "z0_gain")
"""Metrics of the table, the papers' three first."""

FLOORED = frozenset({"mi_z0_y_paper", "mi_z0_y_sampled", "mi_z0_y"})
"""Kraskov figures, which say nothing where shuffled Y gives as much."""


_IDENTITY = ("study", "model", "preset", "data", "trials", "split", "number", "n", "code")


@dataclass(frozen=True)
class Figure:
    """A metric: its mean over ``n`` trainings and their standard deviation, None for one."""

    mean: float
    sd: float | None = None


@dataclass(frozen=True)
class Row:
    """A study in the table.

    Attributes:
        study: its name.
        model: what it trains.
        preset: which lambda schedule: the papers', or the same for all models.
        data: name or file of the data set.
        trials: how many trials have ended.
        split: where the figures come from: ``test`` for a confirmed winner, ``validation`` for
            the best feasible trial where there is no confirmation, None where nothing is feasible.
        number: the trial.
        n: trainings that the figures are means of.
        figures: by metric, with the floor of ``mi_z0_y`` beside it.
        code: fingerprint of symray's code that trained it and, after a dash, of an own model's.
        data_key: fingerprint of the data.
    """

    study: str
    model: str
    preset: str
    data: str
    trials: int
    split: str | None = None
    number: int | None = None
    n: int = 0
    figures: Mapping[str, Figure] = field(default_factory=dict)
    code: str | None = None
    data_key: str | None = None

    @property
    def floor(self) -> float | None:
        """What ``mi_z0_y`` must exceed to say anything: mean + 2 sd of it with Y shuffled."""
        mean, sd = (self.figures.get(f"mi_z0_y_floor{part}") for part in ("", "_sd"))
        return None if mean is None or sd is None else mean.mean + 2 * sd.mean

    def floored(self, metric: str) -> bool:
        """Whether a Kraskov figure is within its floor.

        The floor is measured at k = 3, for ``mi_z0_y``; it is taken for the papers' k = 20 too,
        whose spread is smaller.
        """
        return (
            metric in FLOORED
            and metric in self.figures
            and self.floor is not None
            and self.figures[metric].mean <= self.floor
        )


@dataclass(frozen=True)
class Comparison:
    """Studies side by side: what ``symray compare`` shows.

    Attributes:
        rows: one per study.
        published: published figures by model, where a study has the paper's data.
        sources: whose those are, in sentences.
        notes: what keeps the rows from being comparable, in sentences.
    """

    rows: Sequence[Row]
    published: Mapping[str, Mapping[str, float]]
    sources: Sequence[str]
    notes: Sequence[str]

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Names of columns and rows, mean and ``/sd`` of every metric; published figures last."""
        metrics = list(dict.fromkeys(name for row in self.rows for name in row.figures))
        rows: list[list[Any]] = []
        for row in self.rows:
            figures = [row.figures.get(name) for name in metrics]
            cells = [cell for f in figures for cell in ((f.mean, f.sd) if f else (None, None))]
            rows.append([*(getattr(row, name) for name in _IDENTITY), *cells])
        for model, values in self.published.items():
            cells = [cell for name in metrics for cell in (values.get(name), None)]
            rows.append(["published", model, *[""] * (len(_IDENTITY) - 2), *cells])
        return [*_IDENTITY, *(name + part for name in metrics for part in ("", "/sd"))], rows

    def frame(self) -> "pd.DataFrame":
        """:meth:`table` of the studies, without published figures, under their names."""
        import pandas as pd

        names, rows = self.table()
        return pd.DataFrame(rows[: len(self.rows)], columns=names).set_index("study")

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"{self.frame().to_html()}<ul>{notes}</ul>"


def compare(names: Sequence[str]) -> Comparison:
    """Compare studies.

    Args:
        names: of studies; the name of a suite stands for its members ``NAME-MODEL``.

    Raises:
        UserError: no such study.
    """
    found = dict.fromkeys(study for name in names for study in expand(name))
    records = [StudyRecord.open(name) for name in found]
    rows = [_row(record) for record in records]
    published = {
        model: figures
        for data in dict.fromkeys(row.data for row in rows)
        for model, figures in PUBLISHED.get(data, {}).items()
    }
    notes = [note for pair in zip(records, rows, strict=True) for note in _notes(*pair)]
    sources = dict.fromkeys(SOURCES[row.data] for row in rows if row.data in SOURCES)
    return Comparison(rows, published, list(sources), [*notes, *_differences(rows)])


def expand(name: str) -> list[str]:
    """The studies that ``name`` means: itself, or the members of the suite of that name.

    Raises:
        UserError: neither a study nor a suite; names the nearest study.
    """
    names = study_names()
    members = [study for study in names if study.startswith(f"{name}-")]
    if name in names or not members:
        return [find_study(name).name]
    return members


def _row(record: StudyRecord) -> Row:
    file = record.file
    shown: dict[str, Any] = {}
    confirmed = read_confirmation(record)
    board = leaderboard(record)
    if confirmed and (winner := winner_of(confirmed)) is not None:
        shown = {
            "split": "test",
            "number": winner["number"],
            "n": winner["n"],
            "figures": {k: Figure(v["mean"], v["sd"]) for k, v in confirmed["test"].items()},
        } | _fingerprints(record.folder / "confirmation" / confirmed["champion"])
    elif board and board[0].feasible:
        folder = record.trial_folder(board[0].number)
        values = last_line(folder)["values"]
        shown = {
            "split": "validation",
            "number": board[0].number,
            "n": file.repeats,
            "figures": {k: Figure(v, values.get(f"{k}_sd")) for k, v in board[0].metrics.items()},
        } | _fingerprints(folder)
    return Row(
        study=record.name,
        model=file.model,
        preset=file.preset,
        data=file.data_name,
        trials=sum(trial.state.is_finished() for trial in record.trials()),
        **shown,
    )


def _fingerprints(folder: Path) -> dict[str, str | None]:
    tags = Task.load(folder).tags
    return {"code": tags.get("symray.code"), "data_key": tags.get("symray.data_key")}


def _notes(record: StudyRecord, row: Row) -> list[str]:
    notes = []
    sentence = supervision(record.file)
    if sentence is not None:
        notes.append(f"{row.study}: {sentence}")
    state = record.state()
    if state != "complete":
        notes.append(f"{row.study} is {state}: its figures are not final")
    if row.split is None:
        notes.append(f"{row.study}: {nothing_feasible(record, leaderboard(record))}")
    elif row.split == "validation":
        why = "no confirmed setting keeps the constraints in the mean"
        notes.append(
            f"{row.study}: figures of the validation split, of trial {row.number} which was chosen "
            f"on it; {why if read_confirmation(record) else 'there is no confirmation'}"
        )
    return notes


def _differences(rows: Sequence[Row]) -> list[str]:
    """One note for each thing in which rows differ that should be alike."""
    own: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.code and "-" in row.code:
            own.setdefault(row.model, {})[row.study] = row.code.partition("-")[2]
    differing = {
        "trained by different code": {r.study: r.code.partition("-")[0] for r in rows if r.code},
        **{f"trained by different code of {model}": of for model, of in own.items()},
        "trained on different data": {row.study: row.data_key for row in rows if row.data_key},
        "under different presets": {row.study: row.preset for row in rows},
    }
    return [
        f"{what}: {'; '.join(_groups(of))}"
        for what, of in differing.items()
        if len(set(of.values())) > 1
    ]


def _groups(of: Mapping[str, str]) -> list[str]:
    return [
        f"{value[:12]} ({', '.join(study for study in of if of[study] == value)})"
        for value in dict.fromkeys(of.values())
    ]
