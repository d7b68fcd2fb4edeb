"""The study's own page in Markdown, made of the record: what MLflow and Optuna's dashboard show."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from symray.metrics import METRICS
from symray.record.study_record import StudyRecord
from symray.record.trials import ENDED, TrialState
from symray.report.columns import shown_metrics
from symray.report.importances import importances
from symray.report.previews import FOLDER, previews
from symray.report.spent import spent
from symray.search.confirmation import read_confirmation, winner_of
from symray.search.leaderboard import Candidate, leaderboard, nothing_feasible, supervision

ROWS = (10, 5, 3, 1)
"""Of the leaderboard, as many as there is room for."""

LONGEST = 7900
"""Characters; a tag of MLflow's holds 8,000."""

PICTURES = 4
"""At most; all are among the artifacts."""


@dataclass(frozen=True)
class Links:
    """Addresses on whatever shows the page.

    Attributes:
        run: the page of a task, by its name.
        report: a file of the study's folder ``report``, by its name.
        picture: a picture of that folder itself, by its path there.
    """

    run: Callable[[str], str]
    report: Callable[[str], str]
    picture: Callable[[str], str]


def study_text(record: StudyRecord, links: Links) -> str:
    """The page in Markdown."""
    for rows in ROWS:
        text = "\n".join(_lines(record, links, rows))
        if len(text) <= LONGEST:
            return text
    return f"{text[: LONGEST - 4]} ..."


def _lines(record: StudyRecord, links: Links, rows: int) -> Iterator[str]:
    file, board = record.file, leaderboard(record)
    yield f"**{_verdict(record, board)}**\n"
    goals = ", ".join(f"{way} `{name}`" for name, way in file.objectives.items())
    bounds = ", ".join(f"`{constraint}`" for constraint in file.constraints) or "none"
    data = Path(file.data_name).name
    yield f"`{file.model}` on `{data}`; objective: {goals}; constraints: {bounds}."
    if (sentence := supervision(file)) is not None:
        yield f"Chosen by {sentence}."
    yield "\n## Leaderboard\n"
    yield from _table(record, board, links, rows)
    if confirmation := list(_confirmation(record, links)):
        yield "\n## Confirmation under fresh seeds\n"
        yield from confirmation
    yield "\n## What was searched, and what it took\n"
    yield from _compute(record)
    yield from _importances(record)
    yield f"\nPlots: [history, importances, parallel coordinates]({links.report('plots.html')}), "
    yield f"[the whole leaderboard]({links.report('leaderboard.csv')}).\n"
    yield "## Commands\n"
    name = record.name
    yield "```bash"
    yield f"symray launch study.yaml --name {name}-2   # all again; study.yaml is an artifact"
    yield f"symray explain {name} NUMBER           # what a trial was, and why"
    yield f"symray rerun {name} NUMBER             # trains a trial again, compares every number"
    yield f"symray resume {name}                   # goes on where it was interrupted"
    yield f"symray extend {name} --trials 10"
    yield f"symray report {name} --out report.html"
    yield f"symray models download {name}@champion --to DIR"
    yield "```"
    if pictures := previews(record)[:PICTURES]:
        yield "\n## Figures\n"
    for path in pictures:
        yield f"*{path.stem.replace('_', ' ')}*\n"
        yield f"![]({links.picture(f'{FOLDER}/{path.name}')})\n"


def _verdict(record: StudyRecord, board: list[Candidate]) -> str:
    ended, budget = len(record.trials(*ENDED)), record.budget
    state = "" if record.complete else f"{ended} of {budget} trials have ended. "
    if sentence := nothing_feasible(record, board):
        return f"{state}{sentence[0].upper()}{sentence[1:]}."
    best, objective = board[0], next(iter(record.file.objectives))
    confirmed = read_confirmation(record)
    if confirmed and confirmed["winner"] is not None:
        test = confirmed["test"].get(objective, {})
        number = _statistic(test)
        return (
            f"{state}Trial {confirmed['winner']} is the best in the mean over fresh seeds: "
            f"{objective} {number} on the test split."
        )
    return f"{state}Trial {best.number} is the best: {objective} {best.metrics[objective]:.4g}."


def _table(record: StudyRecord, board: list[Candidate], links: Links, rows: int) -> Iterator[str]:
    file = record.file
    metrics = shown_metrics(record)
    heads = ["rank", "trial", "feasible", *(f"`{name}`" for name in [*metrics, *file.search])]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for place, row in enumerate(board[:rows], start=1):
        cells = [str(place), f"[#{row.number}]({links.run(f'trial-{row.number:04d}')})"]
        cells.append("yes" if row.feasible else "no")
        cells += [_number(row.metrics.get(name)) for name in metrics]
        cells += [_number(row.params.get(name)) for name in file.search]
        yield f"| {' | '.join(cells)} |"
    if len(board) > rows:
        yield f"\nand {len(board) - rows} more."


def _confirmation(record: StudyRecord, links: Links) -> Iterator[str]:
    confirmed = read_confirmation(record)
    if confirmed is None or not confirmed["candidates"]:
        return
    measured = METRICS.among(confirmed["candidates"][0]["validation"])
    names = list(dict.fromkeys([*record.file.objectives, *measured]))[:8]
    yield f"| setting | split | n | {' | '.join(f'`{name}`' for name in names)} |"
    yield "|---" * (3 + len(names)) + "|"
    rows = [
        (entry["number"], "validation", entry["n"], entry["validation"])
        for entry in confirmed["candidates"]
    ]
    if (winner := winner_of(confirmed)) is not None:
        rows.append((winner["number"], "test", winner["n"], confirmed["test"]))
    for number, split, n, statistics in rows:
        cells = [_statistic(statistics.get(name, {})) for name in names]
        setting = f"[#{number}]({links.run(f'trial-{number:04d}')})"
        yield f"| {setting} | {split} | {n} | {' | '.join(cells)} |"


def _compute(record: StudyRecord) -> Iterator[str]:
    states = Counter(trial.state for trial in record.trials())
    shown = ", ".join(f"{count} {state.name.lower()}" for state, count in states.items())
    searched = ", ".join(f"`{name}`" for name in record.file.search)
    yield f"- trials: {shown or 'none yet'}; searched: {searched}"
    begun = [record.trial_folder(trial.number) for trial in record.trials()]
    took = spent(record, [*begun, *record.confirmation_folders()])
    yield (
        f"- {took.epochs} epochs with the confirmation, in {took.cpu_hours:.2g} CPU-hours and "
        f"{took.gpu_hours:.2g} GPU-hours: the time of workers by what they occupy"
    )
    reasons = Counter(
        str(trial.user_attrs.get("reason", "unknown")) for trial in record.trials(TrialState.FAIL)
    )
    for reason, count in reasons.most_common(5):
        yield f"- {count} failed: {reason[:200]}"


def _importances(record: StudyRecord) -> Iterator[str]:
    for objective, shares in importances(record).items():
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        told = ", ".join(f"`{name}` {100 * share:.0f} %" for name, share in ordered)
        yield f"- what decides `{objective}`, by fANOVA: {told}"


def _statistic(value: dict[str, float | None]) -> str:
    mean, sd = value.get("mean"), value.get("sd")
    if mean is None:
        return ""
    return (
        f"{mean:.4g}" if sd is None else f"{mean:.4g}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{sd:.2g}"
    )


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str("" if value is None else value)
