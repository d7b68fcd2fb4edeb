"""Hours of workers, by the clock of what was recorded."""

import json
from collections.abc import Callable
from pathlib import Path

from symray.record.study_record import StudyRecord
from symray.report.spent import spent


def training(
    folder: Path, *attempts: tuple[int, float, float], epochs: tuple[float, ...] = ()
) -> Path:
    """A folder whose attempts are (process, start, last epoch)."""
    folder.mkdir(parents=True)
    starts = [
        {"event": "start", "time": start, "host": "a", "pid": pid, "device": "cpu", "attempt": i}
        for i, (pid, start, _) in enumerate(attempts, 1)
    ]
    times = sorted({*epochs, *(end for _, _, end in attempts)})
    lines = [{"epoch": i, "time": time, "values": {}} for i, time in enumerate(times, 1)]
    for name, items in (("events", starts), ("metrics", lines)):
        text = "".join(json.dumps(item) + "\n" for item in items)
        (folder / f"{name}.jsonl").write_text(text)
    return folder


def test_pauses_are_left_out_and_members_of_a_pack_share_their_workers_time(
    make_record: Callable[..., StudyRecord], tmp_path: Path
) -> None:
    record = make_record("resources={cpu: 2, gpu: 0.5}")
    folders = [
        training(tmp_path / "1", (7, 0.0, 3600.0), epochs=(1800.0,)),
        training(tmp_path / "2", (7, 100.0, 3600.0)),  # beside the first, in its process
        training(tmp_path / "3", (7, 1800.0, 7200.0)),
        training(tmp_path / "4", (8, 0.0, 1800.0), (9, 90000.0, 91800.0)),  # a day between
        training(tmp_path / "5"),  # handed out, and not begun
    ]
    took = spent(record, folders)
    assert (took.trainings, took.epochs, took.seconds) == (4, 6, 7200 + 3600)
    assert (took.cpu_hours, took.gpu_hours) == (6.0, 1.5)
