"""The page: one file that needs nothing else."""

import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import symray
from symray.record.study_record import StudyRecord
from symray.report.page.charts import Point, bars, dots, scatter
from symray.report.page.estimates import Difference, Estimate
from symray.report.page.formats import figure_text
from symray.report.page.paper_table import PaperTable
from symray.report.page.references import references
from symray.report.page.story import Story, story_of
from symray.search.leaderboard import Candidate


def page(table: PaperTable) -> str:
    """The page of a table's studies."""
    stories = [story_of(StudyRecord.open(line.row.study), line.row) for line in table.lines]
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "number": _number,
        "figure": figure_text,
        "interval": _interval,
        "difference": _difference,
    }
    source = files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        table=table,
        stories=stories,
        equal=_equal(stories),
        dots=[Markup(chart) for chart in _dots(table)],
        charts={story.row.study: _charts(story) for story in stories},
        references=references(
            (story.row.model for story in stories), (name for name in table.headings)
        ),
        version=symray.__version__,
    )


def _equal(stories: Sequence[Story]) -> list[str]:
    """Whether the studies were given the same, thing by thing."""
    if len(stories) < 2:
        return []
    given: Mapping[str, list[float]] = {
        "ended trials": [sum(story.ended.values()) for story in stories],
        "epochs of the search": [story.search.epochs for story in stories],
        "seeds of the confirmation": [story.row.n for story in stories],
    }
    sentences = [
        f"equal {what}: {values[0]} each"
        if len(set(values)) == 1
        else f"NOT equal {what}: {', '.join(map(str, values))}"
        for what, values in given.items()
    ]
    hours = [story.search.seconds / 3600 for story in stories]
    listed = ", ".join(f"{value:.3g}" for value in hours)
    return [*sentences, f"hours of training in the search: {listed}"]


def _dots(table: PaperTable) -> list[str]:
    charts = []
    for name, heading in table.headings.items():
        rows = [
            (
                line.row.study,
                [(v, f"seed {s}: {v:.4g}") for s, v in line.cells[name].seeds.items()],
                line.cells[name].value.mean,
            )
            for line in table.lines
            if name in line.cells and math.isfinite(line.cells[name].value.mean)
        ]
        charts.append(dots(rows, heading))
    return [chart for chart in charts if chart]


def _charts(story: Story) -> dict[str, list[Markup]]:
    importances = [
        bars(list(shares.items()), f"importance for {name}")
        for name, shares in story.importances.items()
    ]
    near = _closeness(story)
    sensitivity = [
        _sensitivity(story, near, parameter, index, objective)
        for index, objective in enumerate(story.record.file.objectives)
        for parameter in story.record.file.search
    ]
    named = {"importances": importances, "sensitivity": sensitivity, "front": [_front(story)]}
    return {name: [Markup(c) for c in charts if c] for name, charts in named.items()}


def _sensitivity(
    story: Story, near: list[dict[str, float]], parameter: str, index: int, objective: str
) -> str:
    points = [
        Point(
            float(row.params[parameter]),
            row.objectives[index],
            f"#{row.number}: {parameter} {row.params[parameter]:.4g}, {objective} "
            f"{row.objectives[index]:.4g}",
            _kind(story, row),
            min((v for name, v in close.items() if name != parameter), default=1.0),
        )
        for row, close in zip(story.board, near, strict=True)
        if parameter in row.params
    ]
    return scatter(points, parameter, objective, story.is_log(parameter))


def _front(story: Story) -> str:
    """The first two objectives; of a single one, the first constraint beside it."""
    file = story.record.file
    names = list(dict.fromkeys([*file.objectives, *(c.metric for c in file.constraints)]))[:2]
    if len(names) < 2:
        return ""
    points = [
        Point(
            row.metrics[names[1]],
            row.metrics[names[0]],
            f"#{row.number}: {names[1]} {row.metrics[names[1]]:.4g}, {names[0]} "
            f"{row.metrics[names[0]]:.4g}",
            _kind(story, row),
        )
        for row in story.board
        if all(name in row.metrics for name in names)
    ]
    return scatter(points, names[1], names[0], line=len(file.objectives) > 1)


def _kind(story: Story, row: Candidate) -> str:
    if row.number == story.row.number:
        return "chosen"
    if row.number in story.front:
        return "front"
    return "other" if row.feasible else "infeasible"


def _closeness(story: Story) -> list[dict[str, float]]:
    """By trial of the board and setting: how near the chosen trial's that setting is, 1 to 0."""
    chosen, columns = story.chosen, {}
    for name in story.record.file.search:
        scale = math.log if story.is_log(name) else float
        values = [scale(row.params[name]) if name in row.params else None for row in story.board]
        known = [value for value in values if value is not None]
        if chosen is None or name not in chosen.params or min(known) == max(known):
            continue
        there, wide = scale(chosen.params[name]), max(known) - min(known)
        columns[name] = [0.0 if v is None else 1 - abs(v - there) / wide for v in values]
    return [{name: column[i] for name, column in columns.items()} for i in range(len(story.board))]


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _interval(value: Estimate) -> str:
    if value.low is None or value.high is None:
        return ""
    return f"[{value.low:.3f}, {value.high:.3f}]"


def _difference(value: Difference) -> str:
    how = "paired by seed" if value.paired else "Welch"
    return f"{value.mean:+.3f} [{value.low:+.3f}, {value.high:+.3f}] {how}"
