"""Whether a study's checkpoints have room, said and seen before it starts."""

import os
import shutil

from symray.driver.cost import checkpoint_bytes_of
from symray.errors import UserError
from symray.record.home import home
from symray.search.progress import Progress
from symray.study_file import StudyFile
from symray.tasks.worker import KEPT

WORTH_SAYING = 1_000_000_000
"""Bytes from which on a launch says how much its checkpoints need."""


def check_disk_space(file: StudyFile, workers: int, progress: Progress) -> None:
    """Say how much disk the checkpoints of a new study need at most, where that is much.

    Args:
        file: the study's.
        workers: that train it at a time.
        progress: is told.

    Raises:
        UserError: the folder of studies has less free.
    """
    pack = file.resources.pack
    at_a_time = file.concurrency or workers * (pack if isinstance(pack, int) else 1)
    room = checkpoint_room(file, min(file.trials, at_a_time), checkpoint_bytes_of(file))
    stored = bool(os.environ.get("SYMRAY_STORE"))
    if room >= WORTH_SAYING:
        where = "the store" if stored else str(home())
        progress.message(f"checkpoints will need at most {room / 1e9:.3g} GB of {where}")
    free = shutil.disk_usage(home()).free
    if not stored and room > free:
        raise UserError(
            f"the checkpoints of study '{file.study}' need up to {room / 1e9:.3g} GB and {home()} "
            f"has {free / 1e9:.3g} GB free; make room, set SYMRAY_HOME to another disk, or lower "
            f"checkpoints.keep ({file.checkpoints.keep}) or confirmation.top"
        )


def checkpoint_room(file: StudyFile, concurrency: int, checkpoint_bytes: int) -> int:
    """The most bytes that a study's checkpoints occupy at a time: two of each kept training."""
    confirmation = file.confirmation
    kept = min(file.checkpoints.keep, file.trials)
    trainings = concurrency + kept + min(confirmation.top, file.trials) * confirmation.seeds
    return KEPT * trainings * checkpoint_bytes
