"""What a worker is asked to train, and what it answers; plain data that any process can read."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from symray.record.atomic import read_json, write_atomically
from symray.training.spec import TrialSpec

Outcome = Literal["running", "complete", "failed"]


@dataclass(frozen=True)
class Task:
    """One training job: a trial of the search, a pretraining, or one seed of the confirmation.

    Attributes:
        study: the study's name.
        name: unique within the study, and the name of its MLflow run.
        kind: what it is for.
        number: the Optuna number of the trial that it is, that it confirms, or that first asked
            for it.
        folder: its record: ``metrics.jsonl``, checkpoints, output.
        spec: a :class:`symray.training.spec.TrialSpec` as JSON.
        metrics: metrics evaluated while it trains, the costly among them at its end; the last
            epoch evaluates all that aren't costly.
        repeats: seeds trained one after another and averaged.
        checkpoint_every: seconds between checkpoints at least.
        threads: CPU threads; part of what makes it repeatable.
        sample_after: seconds after which its worker's system metrics are recorded; None: never.
        gpu: GPUs that it takes, where that isn't what the study's trials usually take.
        tags: what else describes it (fingerprints, data), for people and MLflow.
    """

    study: str
    name: str
    kind: Literal["trial", "pretraining", "confirmation"]
    number: int
    folder: str
    spec: dict[str, Any]
    metrics: tuple[str, ...] = ()
    repeats: int = 1
    checkpoint_every: float = 10.0
    threads: int = 1
    sample_after: float | None = None
    gpu: float | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The content of ``task.json``."""
        return json.dumps({k: v for k, v in asdict(self).items() if k != "folder"}, indent=1)

    def save(self) -> None:
        """Write ``task.json`` into the task's folder; an equal one is left alone."""
        path, text = Path(self.folder) / "task.json", self.text()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            write_atomically(path, text)

    @classmethod
    def load(cls, folder: Path) -> "Task":
        """Read the task of ``folder``, wherever the folder lies now.

        Raises:
            UserError: its file is damaged.
        """
        content = read_json(folder / "task.json", _check)
        content["metrics"] = tuple(content["metrics"])
        return cls(folder=str(folder), **content)


def _check(content: Any) -> None:
    """Raises ValueError for what isn't a task."""
    if not isinstance(content, dict):
        raise ValueError("no object")
    task = TypeAdapter(Task).validate_python(content | {"folder": ""})
    TypeAdapter(TrialSpec).validate_python(task.spec)
    for found, known in ((content, Task), (task.spec, TrialSpec)):
        if set(found) - {field.name for field in fields(known)}:
            raise ValueError("something that no task has")


@dataclass(frozen=True)
class Report:
    """What a task says after an epoch: the last one has another outcome than ``running``."""

    epoch: int
    epochs: int
    values: dict[str, float]
    outcome: Outcome = "running"
    reason: str | None = None
    out_of_memory: bool = False
    host: str = ""
    device: str = ""


def derive_seed(*parts: object) -> int:
    """A seed that depends on all ``parts`` and on nothing else, the same on every machine."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
