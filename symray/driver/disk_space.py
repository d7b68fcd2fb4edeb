"""Whether a study's checkpoints have room, said and seen before it starts."""

import os
import shutil

from symray.driver.cost import checkpoint_bytes_of
from symray.driver.plan import checkpoint_room
from symray.errors import UserError
from symray.record.home import home
from symray.search.progress import Progress
from symray.study_file import StudyFile

WORTH_SAYING = 1_000_000_000
"""Bytes from which on a launch says how much its checkpoints need."""


def check_disk_space(file: StudyFile, concurrency: int, progress: Progress) -> None:
    """Say how much disk the checkpoints of a new study need at most, where that is much.

    Raises:
        UserError: the folder of studies has less free.
    """
    room = checkpoint_room(file, concurrency, checkpoint_bytes_of(file))
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
