import sys
from pathlib import Path

import pytest

from symray.driver.detached import start_detached
from symray.errors import UserError

BEGIN = """
import sys, time
time.sleep(0.3)
open(sys.argv[1] + "/events.jsonl", "a").write('{"event": "launch", "time": 1, "host": "h"}\\n')
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_it_returns_once_the_driver_has_begun(study_home: Path) -> None:
    folder = study_home / "study"
    log = start_detached(python(BEGIN, folder), "study")
    assert log == folder / "driver.log"
    assert (folder / "events.jsonl").read_text().count("launch") == 1
    start_detached(python(BEGIN, folder), "study")
    assert (folder / "events.jsonl").read_text().count("launch") == 2


def test_a_driver_that_fails_at_once_says_why(study_home: Path) -> None:
    fails = "import sys; print('Error: the first'); print('Error: no such thing'); sys.exit(2)"
    with pytest.raises(UserError, match=r"^no such thing$"):
        start_detached(python(fails), "study")
    with pytest.raises(UserError, match="said nothing"):
        start_detached(python("import sys; sys.exit(2)"), "study")


def test_a_driver_that_had_nothing_to_do_is_no_failure(study_home: Path) -> None:
    assert start_detached(python("print('done')"), "study").parent == study_home / "study"


def test_it_has_a_session_of_its_own_and_no_input(study_home: Path) -> None:
    code = "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()))"
    log = start_detached(python(code), "study")
    assert log.read_text() == "True ''\n"
