import csv
import io
import json
from collections.abc import Callable

from typer.testing import Result

from symray.insight.trial_rows import trial_rows
from symray.record.study_record import StudyRecord

Run = Callable[..., Result]


def shown(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_all_trials(finished_study: StudyRecord, run: Run) -> None:
    text = run("trials", "finished").stdout
    assert shown(text) == ["#0", "#1", "#2"]
    assert "code" not in text.splitlines()[0]


def test_selected_and_sorted(finished_study: StudyRecord, run: Run) -> None:
    rows = trial_rows(finished_study)
    errors = sorted((row["metrics"]["x_mae"], row["number"]) for row in rows)
    middle = errors[1][0]
    where = f"x_mae <= {middle!r} and state == 'COMPLETE'"
    text = run("trials", "finished", "--where", where, "--sort", "x_mae").stdout
    assert shown(text) == [f"#{number}" for _, number in errors[:2]]
    result = run("trials", "finished", "--where", "state == 'FAIL'")
    assert (result.stdout, result.stderr) == ("", "no such trials\n")


def test_json_and_csv_hold_everything(finished_study: StudyRecord, run: Run) -> None:
    rows = trial_rows(finished_study)
    assert json.loads(run("trials", "finished", "--json").stdout) == {
        "study": "finished",
        "trials": rows,
    }
    lines = list(csv.DictReader(io.StringIO(run("trials", "finished", "--csv").stdout)))
    assert len(lines) == 3
    for line, row in zip(lines, rows, strict=True):
        assert (line["number"], line["state"]) == (str(row["number"]), row["state"])
        assert float(line["beta"]) == row["params"]["beta"]
        for name, value in row["metrics"].items():
            assert float(line[name]) == value
    assert run("trials", "finished", "--json", "--csv").exit_code == 2


def test_trials_of_other_code_are_marked(own_copy: StudyRecord, run: Run) -> None:
    path = own_copy.trial_folder(0) / "task.json"
    task = json.loads(path.read_text())
    newest = task["tags"]["symray.code"]
    task["tags"]["symray.code"] = "older"
    path.write_text(json.dumps(task))
    head, first, second, *_, note = run("trials", "finished").stdout.splitlines()
    assert "code" in head.split()
    assert "older *" in first
    assert newest in second
    assert "*" not in second
    assert note.startswith("* trained by other code")


def test_wrong_expressions_and_columns(finished_study: StudyRecord, run: Run) -> None:
    for options in (("--where", "xmae < 1"), ("--sort", "xmae")):
        result = run("trials", "finished", *options)
        assert result.exit_code == 2
        assert "did you mean 'x_mae'" in result.stderr


def test_logs(own_copy: StudyRecord, run: Run) -> None:
    (own_copy.trial_folder(1) / "output.log").write_bytes(b"one\ntwo \xff\n")
    assert run("logs", "finished", "1").stdout == "one\ntwo �\n"
    assert run("logs", "finished", "1", "--follow").stdout == "one\ntwo �\n"
    (own_copy.trial_folder(2) / "output.log").unlink(missing_ok=True)
    assert "has printed nothing" in run("logs", "finished", "2").stderr
    assert run("logs", "finished", "2", "--follow").stdout == ""
    result = run("logs", "finished", "3")
    assert result.exit_code == 2
    assert "has no trial 3" in result.stderr
