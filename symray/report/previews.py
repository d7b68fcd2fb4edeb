"""A study's figures, small enough to stand on its page: what shows the page gives no width."""

import shutil
from pathlib import Path

from PIL import Image

from symray.record.study_record import StudyRecord
from symray.search.champion import champion_task, champion_training

FOLDER = "previews"
"""Within the study's folder ``report``."""

WIDTH = 720
"""Pixels, at most."""


def write_previews(record: StudyRecord) -> None:
    """Write those of the study's own figures and of its champion's, and no others."""
    report = record.folder / "report"
    figures = sorted(report.glob("*.png"))
    if champion_task(record) is not None:
        figures += sorted(Path(champion_training(record).folder).glob("figures/*.png"))
    shutil.rmtree(report / FOLDER, ignore_errors=True)
    for path in figures:
        (report / FOLDER).mkdir(exist_ok=True)
        with Image.open(path) as image:
            image.thumbnail((WIDTH, image.height))
            image.save(report / FOLDER / path.name)


def previews(record: StudyRecord) -> list[Path]:
    """Those that were written, by name."""
    return sorted((record.folder / "report" / FOLDER).glob("*.png"))
