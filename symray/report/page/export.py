"""Studies as data: what their table and their story are made of, to be kept and rebuilt from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import symray
from symray.record.study_record import StudyRecord
from symray.report.compare import Comparison, Figure, Row
from symray.report.page.paper_table import Line, PaperTable, cell_of, judged
from symray.report.page.story import Story, story_of


@dataclass(frozen=True)
class Export:
    """What :func:`exported` wrote.

    Attributes:
        table: as it was.
        stories: of its studies, in order, as plain values: ``file`` (the study file's text),
            ``searched``, ``trials``, ``search`` and ``confirmation`` (what they took),
            ``test_evaluations``, ``where`` and ``tags``.
        version: symray's that wrote it.
        written: the day.
    """

    table: PaperTable
    stories: Sequence[Mapping[str, Any]]
    version: str
    written: str


def exported(table: PaperTable) -> str:
    """``table`` and the stories of its studies as JSON; every number as the record has it."""
    comparison = table.comparison
    content = {
        "symray": symray.__version__,
        "written": datetime.now(UTC).date().isoformat(),
        "headings": table.headings,
        "published": comparison.published,
        "sources": comparison.sources,
        "notes": comparison.notes,
        "studies": [
            {
                "row": asdict(line.row),
                "seeds": {name: cell.seeds for name, cell in line.cells.items()},
                "broken": {n: cell.broken for n, cell in line.cells.items() if cell.broken},
                "story": _plain(story_of(StudyRecord.open(line.row.study), line.row)),
            }
            for line in table.lines
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def imported(text: str) -> Export:
    """The inverse of :func:`exported`."""
    content = json.loads(text)
    lines = [_line(study) for study in content["studies"]]
    comparison = Comparison(
        [line.row for line in lines], content["published"], content["sources"], content["notes"]
    )
    return Export(
        judged(content["headings"], lines, comparison),
        [study["story"] for study in content["studies"]],
        content["symray"],
        content["written"],
    )


def _line(study: Mapping[str, Any]) -> Line:
    figures = {name: Figure(**figure) for name, figure in study["row"]["figures"].items()}
    row = Row(**{**study["row"], "figures": figures})
    return Line(
        row,
        {
            name: cell_of(
                row, name, {int(s): v for s, v in seeds.items()}, study["broken"].get(name)
            )
            for name, seeds in study["seeds"].items()
        },
    )


def _plain(story: Story) -> dict[str, Any]:
    columns, rows = story.trial_table()
    return {
        "file": (story.record.folder / "study.yaml").read_text(),
        "searched": story.searched(),
        "trials": {"columns": columns, "rows": rows},
        "search": asdict(story.search),
        "confirmation": asdict(story.confirmation),
        "test_evaluations": story.test_evaluations,
        "where": story.where,
        "tags": story.tags,
    }
