"""Study files that run for seconds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from symray.study_file import StudyFile, load_study_file

MakeFile = Callable[..., StudyFile]


@pytest.fixture
def make_file(
    embedded_store: object, tmp_path: Path, write_study: Callable[[Path, str], Path]
) -> MakeFile:
    """The small study with overrides."""

    def make(*overrides: str, name: str = "small") -> StudyFile:
        (file,) = load_study_file(write_study(tmp_path, name), overrides)
        return file

    return make
