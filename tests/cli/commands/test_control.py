import threading
from collections.abc import Callable

from typer.testing import Result

from symray.record.storage.file_lease import FileLease
from symray.record.study_record import StudyRecord

Run = Callable[..., Result]


def test_stopping_a_study_that_does_not_run(finished_study: StudyRecord, run: Run) -> None:
    result = run("stop", "finished")
    assert result.exit_code == 0
    assert result.stdout == "study 'finished' is not running; it is complete\n"
    assert not finished_study.events("stop")
    result = run("stop", "finished", "1")
    assert result.exit_code == 2
    assert "trial 1 is not running" in result.stderr


def test_stopping_a_running_study(own_copy: StudyRecord, run: Run) -> None:
    own_copy.add_event("extend", trials=1)
    locked = threading.Event()

    def drive() -> None:
        with FileLease(own_copy.folder):
            locked.set()
            while not own_copy.events("stop"):
                threading.Event().wait(0.05)

    thread = threading.Thread(target=drive)
    thread.start()
    locked.wait()
    result = run("stop", "finished")
    thread.join()
    assert result.exit_code == 0
    assert "stopped with 3 of 4 trials; go on with: symray resume finished" in result.stdout


def test_extending(own_copy: StudyRecord, run: Run) -> None:
    result = run("extend", "finished", "--trials", "4")
    sentence = "study 'finished' is to have 7 trials; go on with: symray resume finished\n"
    assert (result.exit_code, result.stdout) == (0, sentence)
    with FileLease(own_copy.folder):
        assert "the running driver goes on" in run("extend", "finished", "--trials", "1").stdout
    assert own_copy.budget == 8
    assert run("extend", "finished", "--trials", "0").exit_code == 2
    assert run("extend", "finished").exit_code == 2


def test_retrying(own_copy: StudyRecord, run: Run) -> None:
    result = run("retry", "finished")
    assert result.exit_code == 2
    assert "symray retry finished --failed" in result.stderr
    assert "has no failed trial" in run("retry", "finished", "--failed").stdout
    assert own_copy.budget == 3


def test_reconciling_finds_nothing_to_mend(finished_study: StudyRecord, run: Run) -> None:
    result = run("reconcile", "finished")
    assert result.exit_code == 0
    assert "nothing to mend" in result.stdout
