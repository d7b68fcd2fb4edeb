"""How well the seeds of a confirmed setting agree: a sign of disentanglement without factors."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from symray.data import form_of
from symray.metrics.disentanglement import udr
from symray.models.gaussian import kl
from symray.record.atomic import write_atomically
from symray.tasks.task import Task
from symray.tasks.worker import load_trained

LEAST_KL = 0.01  # nats; latents below it carry nothing (Duan et al. 2020, section 4)


def udr_per_seed(tasks: Sequence[Task]) -> list[float]:
    """The UDR of each training of one setting, by its codes of the validation split.

    It is kept in the training's folder, from which MLflow shows it.

    Args:
        tasks: trainings that differ by their seeds and have ended.

    Returns:
        As many values as tasks; none where there are fewer than two, or the data aren't images.
    """
    if len(tasks) < 2 or form_of(tasks[0].spec["data"]).x != "images":
        return []
    codes, informative = [], []
    for task in tasks:
        trainer = load_trained(task)
        with torch.inference_mode():
            trainer.model.eval()
            encoded = trainer.encode()
        codes.append(encoded.mean)
        informative.append((kl(encoded.mean, encoded.log_sd).mean(0) > LEAST_KL).numpy())
    if not all(np.isfinite(code.numpy()).all() for code in codes):
        return []
    scores = [float(score) for score in udr(codes, informative=informative)]
    for task, score in zip(tasks, scores, strict=True):
        write_atomically(_path(Path(task.folder)), json.dumps(score))
    return scores


def udr_of(folder: Path) -> float | None:
    """The UDR of the training of ``folder``, once it has one."""
    path = _path(folder)
    return float(json.loads(path.read_text())) if path.exists() else None


def _path(folder: Path) -> Path:
    return folder / "udr.json"
