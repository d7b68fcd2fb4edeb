import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from symray.record.study_record import StudyRecord

Run = Callable[..., Result]
WriteStudy = Callable[[Path, str], Path]


def test_try_prints_every_epoch_to_the_end(
    run: Run, write_study: WriteStudy, tmp_path: Path, study_home: Path
) -> None:
    result = run("try", write_study(tmp_path, "tried"), "--set", "training.hidden_width=4")
    assert result.exit_code == 0, result.output
    assert "tried: stib on" in result.stdout
    assert "beta 400" in result.stdout
    assert result.stdout.count("epoch 1/2") == result.stdout.count("epoch 2/2") == 1
    assert "kl " in result.stdout
    assert "probe_r2 " in result.stdout
    assert "2 of 2 epochs in" in result.stdout
    assert not study_home.exists()


def test_try_ends_when_its_time_is_over(run: Run, write_study: WriteStudy, tmp_path: Path) -> None:
    file = write_study(tmp_path, "tried")
    result = run(
        *("try", file, "--seconds", "0"),
        *("--set", "training.epochs=1000", "--set", "training.evaluate_every=500"),
    )
    assert "1 of 1000 epochs in" in result.stdout
    assert "  metrics  x_mae " in result.stdout


def test_try_says_why_a_trial_fails(run: Run, write_study: WriteStudy, tmp_path: Path) -> None:
    file = write_study(tmp_path, "tried")
    result = run("try", file, "--set", "training.lambda_initial=1e38")
    assert result.exit_code == 2
    assert "tried: the trial failed: diverged" in result.stderr


def test_rerun_of_what_comes_out_again(finished_study: StudyRecord, run: Run) -> None:
    result = run("rerun", "finished", "0")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "identical: trial 0, 2 epochs on cpu"
    found = json.loads(run("rerun", "finished", "0", "--epochs", "1", "--json").stdout)
    assert (found["number"], found["epochs"], found["identical"]) == (0, 1, True)
    assert set(found["differences"].values()) == {0}


def test_rerun_of_what_does_not(own_copy: StudyRecord, run: Run) -> None:
    path = own_copy.trial_folder(0) / "metrics.jsonl"
    path.write_text(path.read_text().replace('"x_mae": ', '"x_mae": 1'))
    result = run("rerun", "finished", "0")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("not identical")
    assert json.loads(run("rerun", "finished", "0", "--json").stdout)["identical"] is False


def test_rerun_of_another_device_and_other_code_warns(own_copy: StudyRecord, run: Run) -> None:
    folder = own_copy.trial_folder(0)
    events = folder / "events.jsonl"
    events.write_text(events.read_text().replace('"cpu"', '"meta"'))
    task = folder / "task.json"
    content = json.loads(task.read_text())
    content["tags"]["symray.code"] = "older"
    task.write_text(json.dumps(content))
    path = folder / "metrics.jsonl"
    path.write_text(path.read_text().replace('"x_mae": ', '"x_mae": 1'))
    result = run("rerun", "finished", "0")
    assert result.exit_code == 0
    assert "was trained by other code (older)" in result.stderr
    assert "was trained on meta and repeated on cpu" in result.stderr
