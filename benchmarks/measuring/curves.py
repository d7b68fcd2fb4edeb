"""Trials that were trained once, to be searched again: their parameters and all their epochs.

A small file (``benchmarks/curves/*.json``) holds them. What a sampler proposes is answered by the
nearest trial that was trained to its end.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import yaml

from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines
from symray.record.trials import TrialState
from symray.study_file import Range, load_study_file


@dataclass(frozen=True)
class Trained:
    """A trial.

    Attributes:
        arm: how it was searched for.
        seed: of its study.
        number: in its study.
        params: that were tried.
        epochs: the metrics of each, whole or as far as the trial went.
    """

    arm: str
    seed: int
    number: int
    params: dict[str, float]
    epochs: list[dict[str, float]]


class Curves:
    """What was trained of one search space.

    Args:
        study: the study file that all have in common.
        trials: of all studies.
    """

    def __init__(self, study: Mapping[str, Any], trials: Sequence[Trained]) -> None:
        self.study = dict(study)
        self.trials = list(trials)
        (self.file,) = load_study_file(self.study, {})
        self._whole = [t for t in trials if len(t.epochs) == self.file.epochs and all(t.epochs)]
        self._places = np.array([self._place(trial.params) for trial in self._whole])

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those that a file holds."""
        kept = json.loads(path.read_text())
        names = kept["metrics"]
        trials = [
            Trained(arm, seed, number, params, [_values(names, epoch) for epoch in epochs])
            for arm, seed, number, params, epochs in kept["trials"]
        ]
        return cls(kept["study"], trials)

    def write(self, path: Path) -> None:
        """Keep them, a trial a line: arm, seed, number, parameters, the metrics of each epoch."""
        names = sorted({name for trial in self.trials for epoch in trial.epochs for name in epoch})
        lines = [
            [t.arm, t.seed, t.number, t.params, [[e.get(n) for n in names] for e in t.epochs]]
            for t in self.trials
        ]
        head = json.dumps({"study": self.study, "metrics": names})
        rows = ",\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
        path.write_text(f'{head[:-1]},\n"trials": [\n{rows}\n]}}\n')

    def nearest(self, params: Mapping[str, float]) -> list[dict[str, float]]:
        """The epochs of the whole trial that is nearest, each parameter on a scale of 0 to 1.

        Of those that were evaluated after every epoch.
        """
        away = np.square(self._places - self._place(params)).sum(axis=1)
        return self._whole[int(away.argmin())].epochs

    def of_arm(self, arm: str) -> dict[int, list[Trained]]:
        """The trials of an arm, by the seed of their study, in order."""
        found: dict[int, list[Trained]] = {}
        for trial in self.trials:
            if trial.arm == arm:
                found.setdefault(trial.seed, []).append(trial)
        return {seed: sorted(trials, key=lambda t: t.number) for seed, trials in found.items()}

    def _place(self, params: Mapping[str, float]) -> list[float]:
        return [_unit(entry, params[name]) for name, entry in self.file.search.items()]


def _values(names: Sequence[str], epoch: Sequence[float | None]) -> dict[str, float]:
    return {n: value for n, value in zip(names, epoch, strict=True) if value is not None}


def collect(names: Sequence[str], study: Path) -> Curves:
    """The trials of finished studies called ``...-ARM-SEED``, which extend the file ``study``."""
    trials = []
    for name in names:
        record = StudyRecord.open(name)
        wanted = {*record.file.objectives, *(c.metric for c in record.file.constraints)}
        for trial in record.trials(TrialState.COMPLETE, TrialState.PRUNED):
            lines = metric_lines(record.trial_folder(trial.number))
            epochs = [
                {k: float(f"{v:.4g}") for k, v in line["values"].items() if k in wanted}
                for line in lines
            ]
            params = {k: float(f"{v:.4g}") for k, v in trial.params.items()}
            arm, seed = name.split("-")[-2:]
            trials.append(Trained(arm, int(seed), trial.number, params, epochs))
    return Curves(yaml.safe_load(study.read_text()), trials)


def _unit(entry: object, value: float) -> float:
    assert isinstance(entry, Range)
    low, high = entry.low, entry.high
    if entry.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)
