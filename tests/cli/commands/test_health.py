"""What the command prints and how it ends; what it finds, see tests/driver/health."""

import json
from collections.abc import Callable

from typer.testing import Result

from symray.insight.health import health
from symray.record.study_record import StudyRecord

Run = Callable[..., Result]


def test_json_holds_every_finding(own_copy: StudyRecord, run: Run) -> None:
    own_copy.add_event("extend", trials=1)
    result = run("health", "finished", "--json")
    content = json.loads(result.stdout)
    assert (content["study"], content["state"]) == ("finished", "interrupted")
    assert [f["kind"] for f in content["findings"]] == [f.kind for f in health(own_copy)]
    assert {"kind", "severity", "evidence", "command", "trials"} <= content["findings"][0].keys()
    assert result.exit_code == 1  # nobody trains the trial that was asked for


def test_no_such_study(study_home: object, run: Run) -> None:
    result = run("health", "nothing")
    assert result.exit_code == 2
    assert "there is no study 'nothing'" in result.stderr
