"""The synergy of a training's first steps, read from its record."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from symray.errors import UserError
from symray.figures.points import Array
from symray.metrics.synergy import ALPHA
from symray.record.study_record import StudyRecord
from symray.record.task_folder import traces
from symray.report.compare import expand
from symray.search.leaderboard import leaderboard

Curve = tuple[Array, Array]

_TITLES = {"non_syn": "Non-Syn VAE", "factor_vae": "FactorVAE"}


def title_of(model: str) -> str:
    """A model as a figure calls it."""
    return _TITLES.get(model, model)


def curve_of(folder: Path) -> Curve | None:
    """Steps from 1 on and the paper's alpha times the synergy at each, both (S,).

    None where the training of ``folder`` doesn't trace it.
    """
    values = traces(folder).get("synergy")
    if not values:
        return None
    return np.arange(1.0, len(values) + 1), ALPHA * np.array(values)


def synergy_of(references: Iterable[str]) -> dict[str, Curve]:
    """The curves to draw, by their titles.

    Args:
        references: ``STUDY`` for its best trial (or the first, where none is complete), or
            ``STUDY:NUMBER``; a suite's name stands for all of its studies.

    Raises:
        UserError: no such study or trial, or a training without a synergy.
    """
    curves: dict[str, Curve] = {}
    for reference in references:
        name, colon, number = reference.partition(":")
        if colon and not number.isdecimal():
            raise UserError(f"'{reference}': write STUDY or STUDY:NUMBER, as in {name}:0")
        for study in expand(name):
            record = StudyRecord.open(study)
            chosen = int(number) if colon else _best(record)
            record.trial(chosen)
            curve = curve_of(record.trial_folder(chosen))
            if curve is None:
                raise UserError(
                    f"trial {chosen} of study '{study}' ({record.file.model}) has no synergy at "
                    "each step; non_syn and factor_vae keep it from their first epoch on"
                )
            title = title_of(record.file.model)
            curves[f"{title} ({study}:{chosen})" if title in curves else title] = curve
    return curves


def _best(record: StudyRecord) -> int:
    board = leaderboard(record)
    return board[0].number if board else 0
