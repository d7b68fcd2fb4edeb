"""How busy workers were, from a worker's samples to MLflow."""

from collections.abc import Callable

import pytest
from watching import Watching

from driving import run
from symray.driver import driver
from symray.record.study_record import StudyRecord
from symray.record.task_folder import run_id, system_lines
from symray.study_file import StudyFile
from symray.tasks.task import Report, Task
from symray.tracking.client import make_client
from symray.tracking.curves import SAMPLED
from symray.tracking.projector import reconcile


def test_each_member_of_a_pack_has_the_samples_of_their_worker(
    make_file: Callable[..., StudyFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "POLL", 0.0)
    asked: set[int] = set()

    def stop_when_sampled(task: Task, report: Report) -> None:
        record = StudyRecord.open("small")
        if task.number not in asked and system_lines(record.trial_folder(task.number)):
            asked.add(task.number)
            record.add_event("stop", number=task.number)

    options = ("trials=2", "concurrency=2", "confirmation.top=0", "training.epochs=1000000")
    packed = ("resources.pack=2", "system_metrics=on", "checkpoints.every=1s")
    record = run(make_file(*options, *packed), Watching(stop_when_sampled))
    samples = [system_lines(record.trial_folder(number)) for number in range(2)]
    assert samples[0][0] == samples[1][0]
    client = make_client()
    for number, recorded in enumerate(samples):
        run_of = str(run_id(record.trial_folder(number)))
        points = client.get_metric_history(run_of, SAMPLED)
        assert [p.value for p in points] == [sample["values"][SAMPLED] for sample in recorded]
    assert reconcile(record) == []
