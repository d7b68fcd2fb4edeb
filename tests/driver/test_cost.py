from pathlib import Path

import torch

from symray.driver.cost import measure
from symray.record.study_record import StudyRecord
from symray.search.first_trials import first_task
from symray.tasks.task import Task
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec


def test_what_is_measured(finished_study: StudyRecord) -> None:
    threads = torch.get_num_threads()
    cost = measure(first_task(finished_study.file, Path()))
    assert torch.get_num_threads() == threads
    task = Task.load(finished_study.trial_folder(0))
    trainer = build_trainer(TrialSpec.from_json(task.spec))
    assert cost.device == str(trainer.device)
    assert cost.epoch_seconds > 0
    assert cost.last_seconds > 0
    whole = [p for p in Path(task.folder).glob("checkpoints/*") if (p / "manifest.json").exists()]
    size = sum(path.stat().st_size for path in whole[0].iterdir())
    lines = (Path(task.folder) / "metrics.jsonl").stat().st_size  # a checkpoint holds them, too
    assert abs(cost.checkpoint_bytes - size) <= 2 * lines
