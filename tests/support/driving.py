"""A driver in this process."""

import threading

from symray.driver.launch import launch, resume
from symray.record.study_record import StudyRecord
from symray.search.progress import Progress
from symray.study_file import StudyFile


def run(file: StudyFile, progress: Progress | None = None) -> StudyRecord:
    return launch(file, progress or Progress(), threading.Event())


def again(name: str, progress: Progress | None = None, accept: bool = False) -> StudyRecord:
    return resume(name, progress or Progress(), threading.Event(), accept)
