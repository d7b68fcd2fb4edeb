"""What a notebook shows of a study."""

from collections.abc import Sequence
from html import escape

from symray.insight.phrases import metric, number, plural
from symray.insight.status import ended_count
from symray.record.study_record import StudyRecord
from symray.report.columns import shown_metrics
from symray.search.champion import registered
from symray.search.confirmation import read_confirmation, winner_of
from symray.search.leaderboard import leaderboard, nothing_feasible

LEADERS = 5
"""Rows of the leaderboard."""


def study_html(record: StudyRecord) -> str:
    """A study's state, its best trials, its confirmation, and what to do next."""
    ended, budget = ended_count(record), record.budget
    parts = [
        f"<p><b>{escape(record.name)}</b> ({escape(record.file.model)} on "
        f"{escape(record.file.data_name)}) is {record.state()}: {ended} of "
        f"{plural(budget, 'trial')}</p>"
    ]
    board, metrics, params = leaderboard(record), shown_metrics(record), list(record.file.search)
    sentence = nothing_feasible(record, board) if ended else None
    if sentence:
        parts.append(f"<p>{escape(sentence)}</p>")
    rows = [
        [
            f"#{row.number}",
            "yes" if row.feasible else "no",
            *(number(row.params.get(name)) for name in params),
            *(metric(name, row.metrics) for name in metrics),
        ]
        for row in board[:LEADERS]
    ]
    if rows:
        title = f"best of {plural(len(board), 'completed trial')} (validation)"
        parts.append(table_html(title, ["trial", "feasible", *params, *metrics], rows))
    parts += _confirmation(record, metrics)
    model = registered(record)
    if model is not None:
        name = f"{model['name']}@champion"
        parts.append(
            f"<p>registered as version {escape(model['version'])}: "
            f"<code>symray.load_model({escape(repr(name))})</code></p>"
        )
    return "".join(parts)


def table_html(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _confirmation(record: StudyRecord, metrics: list[str]) -> list[str]:
    content = read_confirmation(record)
    if content is None or (winner := winner_of(content)) is None:
        return []
    cells = []
    for name in metrics:
        stat = content["test"].get(name)
        spread = "" if stat is None or stat["sd"] is None else f" ± {stat['sd']:.2g}"
        cells.append("-" if stat is None else f"{number(stat['mean'])}{spread}")
    title = "the winner of the confirmation on the test split, mean ± standard deviation"
    return [
        table_html(
            title, ["trial", "n", *metrics], [[f"#{winner['number']}", str(winner["n"]), *cells]]
        )
    ]
