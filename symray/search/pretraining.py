"""Pretraining: once for each architecture, before the first trial that begins with it.

A pretraining is a task like any other, but its folder lies beside the studies under a name that
tells its content, so that later studies find it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symray.data import load_data
from symray.models.base import Model
from symray.models.design import Design
from symray.models.registry import MODELS
from symray.record.fingerprints import code_of
from symray.record.home import PRETRAINED, home
from symray.record.storage.file_lease import FileLease, is_locked
from symray.record.task_folder import outcome_of, write_outcome
from symray.search.progress import Progress
from symray.search.task_source import TaskSource
from symray.study_file import Pretraining, StudyFile
from symray.tasks.task import Report, Task
from symray.training.settings import resolve_settings
from symray.training.spec import TrialSpec

_KEY_DIGITS = 12


def pretrainings() -> Path:
    """The folder of all pretrainings."""
    return home() / PRETRAINED


def pretraining_folders(study: str) -> list[Path]:
    """Folders of the pretrainings that ``study`` was the first to ask for."""
    folders = sorted(path.parent for path in pretrainings().glob("*/task.json"))
    return [folder for folder in folders if Task.load(folder).study == study]


def checkpoints_to_begin_with(file: StudyFile, settings: Mapping[str, Any]) -> str | None:
    """Where a trial with ``settings`` finds its first weights; None without a pretraining."""
    if not isinstance(file.pretraining, Pretraining):
        return None
    return str(_folder(file, _spec(file, file.pretraining, settings)) / "checkpoints")


def pretraining_of(file: StudyFile, task: Task) -> Task | None:
    """What ``task`` of a study waits for; None where it doesn't, or that is done."""
    if not isinstance(file.pretraining, Pretraining):
        return None
    spec = _spec(file, file.pretraining, task.spec["settings"])
    folder = _folder(file, spec)
    if (folder / "task.json").exists():
        return None if _is_complete(folder) else Task.load(folder)
    return Task(
        study=task.study,
        name=f"pretraining-{folder.name}",
        kind="pretraining",
        number=task.number,
        folder=str(folder),
        spec=spec.to_json(),
        checkpoint_every=file.checkpoints.every,
        threads=task.threads,
        sample_after=task.sample_after,
        tags=task.tags,
    )


class PretrainFirst:
    """Passes on the tasks of ``source``, each after the pretraining that it begins with.

    Args:
        file: the study's.
        source: of the tasks.
        progress: is told what happens.
        changed: called with a pretraining's name whenever its record has changed.
    """

    def __init__(
        self,
        file: StudyFile,
        source: TaskSource,
        progress: Progress,
        changed: Callable[[str], None],
    ) -> None:
        self.file = file
        self.source = source
        self.progress = progress
        self.changed = changed
        self._held: list[_Held] = []
        self._under_way: dict[str, ExitStack] = {}

    def next(self) -> Task | None:
        """A task whose pretraining is there, or a pretraining that a task waits for."""
        for held in self._held:
            if _is_complete(Path(held.pretraining.folder)):
                self._held.remove(held)
                return held.task
        for held in self._held:  # of another study's driver that was stopped, or that has failed
            if (begun := self._begin(held.pretraining)) is not None:
                return begun
        if len(self._held) > len(self._under_way):
            return None
        task = self.source.next()
        pretraining = None if task is None else pretraining_of(self.file, task)
        if task is None or pretraining is None:
            return task
        self._held.append(_Held(task, pretraining))
        return self._begin(pretraining)

    @property
    def exhausted(self) -> bool:
        """Whether no task will come any more."""
        return not self._held and not self._under_way and self.source.exhausted

    def report(self, task: Task, report: Report) -> bool:
        """Pass an epoch on; a pretraining is never stopped early."""
        if task.kind != "pretraining":
            return self.source.report(task, report)
        self.progress.on_epoch(task, report)
        self.changed(task.name)
        return False

    def finish(self, task: Task, report: Report | None, error: str | None) -> None:
        """Record an end; what waits for a pretraining that failed fails with it."""
        if task.kind != "pretraining":
            self.source.finish(task, report, error)
            return
        reason = error or (report.reason if report else "no report")
        state = write_outcome(Path(task.folder), reason)
        self._under_way.pop(task.name).close()
        self.progress.on_task_end(task, report, state, reason)
        self.changed(task.name)
        if reason:
            failed = [held for held in self._held if held.pretraining.name == task.name]
            for held in failed:
                self._held.remove(held)
                self.source.finish(held.task, None, f"its pretraining failed: {reason}")

    def close(self) -> None:
        """Leave what is under way to the next driver."""
        for lock in self._under_way.values():
            lock.close()
        self._under_way.clear()

    def _begin(self, pretraining: Task) -> Task | None:
        """Hand a pretraining out, unless it is under way, here or in another study."""
        folder = Path(pretraining.folder)
        if pretraining.name in self._under_way or is_locked(folder):
            return None
        pretraining.save()
        self._under_way[pretraining.name] = lock = ExitStack()
        lock.enter_context(FileLease(folder))
        self.progress.message(
            f"{pretraining.name}: pretraining on {pretraining.spec['data']}, once for all trials "
            "of this architecture"
        )
        self.progress.on_task_start(pretraining)
        self.changed(pretraining.name)
        return pretraining


@dataclass(frozen=True)
class _Held:
    """A task that waits for a pretraining."""

    task: Task
    pretraining: Task


def _is_complete(folder: Path) -> bool:
    outcome = outcome_of(folder)
    return outcome is not None and outcome["state"] == "COMPLETE"


def _spec(file: StudyFile, wanted: Pretraining, settings: Mapping[str, Any]) -> TrialSpec:
    """The pretraining of a trial with ``settings``, the same for all that may begin with it."""
    design = file.design()
    family = _family(design.model)
    name = next((name for name, cls in MODELS.items() if cls is family), file.model)
    if name != file.model:
        design = Design(family, design.data)
    sizes = {name: settings[name] for name in design.architecture if name in settings}
    if not design.model.splits:
        sizes.pop("z1_dims", None)  # changes nothing
    return TrialSpec(
        model=name,
        data=wanted.data,
        settings=resolve_settings(design, {}, {**wanted.training, **sizes}),
        seed=wanted.seed,
        code=None if file.code is None else str(file.code),
        pretrains=True,
    )


def _family(model: type[Model]) -> type[Model]:
    """The class that says how ``model`` is pretrained; its subclasses share what it trains."""
    return next(cls for cls in model.__mro__ if "pretraining" in vars(cls))


def _folder(file: StudyFile, spec: TrialSpec) -> Path:
    content = {
        **spec.to_json(),
        "code": code_of(file),
        "data": _data_key(str(spec.data)),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return pretrainings() / digest[:_KEY_DIGITS]


@cache
def _data_key(name: str) -> str:
    return load_data(name).key
