"""MLflow as a projection of the record: whatever is missing or stale there is written from here.

Everything carries its recorded time stamps, so writing again adds nothing. The same code serves the
running study, a resume and ``symray reconcile``.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from symray.record.atomic import write_atomically
from symray.record.study_folder import identity
from symray.record.study_record import StudyRecord
from symray.record.task_folder import run_id
from symray.report.study_page import Links, study_text
from symray.search.leaderboard import supervision
from symray.tasks.task import Task
from symray.tracking.client import experiment_id, runs_of
from symray.tracking.curves import (
    EPOCH,
    SAMPLED,
    has_strange_values,
    points_of_epochs,
    points_of_samples,
    points_of_seeds,
)
from symray.tracking.links import SEEDS_KEY, TRAINING, experiment_link
from symray.tracking.names import task_of
from symray.tracking.run_contents import RunContents, origin
from symray.tracking.view import SEEDS_VIEW, VIEW, confirms_seeds, seeds_state, view_state

BATCH = 1000
"""Most metrics that one request may carry."""

PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"
"""The description of an experiment or a run, Markdown."""


@dataclass
class _Run:
    """What is known of a run on the server."""

    id: str
    status: str
    epoch: int
    has_params: bool
    has_data: bool
    samples: set[int] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)


class Projection:
    """One study in MLflow: an experiment with a parent run and a child run per task.

    Every method raises MLflow's own exceptions when the server is away; nothing is lost by that,
    since the next call starts from the record again.
    """

    def __init__(self, record: StudyRecord, client: MlflowClient) -> None:
        self.record = record
        self.client = client
        self._doubles: list[tuple[str, str]] = []
        self._runs: dict[str, _Run] = {}
        self._summary: dict[str, float] = {}
        self.experiment = experiment_id(client, record.name, identity(record.folder))
        self._sync_experiment()
        for run in runs_of(client, self.experiment, record.name):
            self._add_run(run)
        self.parent = self._sync_parent()

    def sync(self, contents: RunContents, deep: bool = False) -> list[str]:
        """Make the run of ``contents`` equal to the record.

        Args:
            contents: the run as it should be.
            deep: look for gaps in the middle of the curves as well, and for values that aren't the
                record's; MLflow can't take such a value back, so its run is deleted and made anew.

        Returns:
            What was done, in words.
        """
        done = []
        if (
            deep
            and contents.name in self._runs
            and has_strange_values(self._runs[contents.name].latest, contents)
        ):
            self.client.delete_run(self._runs.pop(contents.name).id)
            done.append("run deleted, it holds values that the record doesn't have")
        if contents.name not in self._runs:
            self._create(contents)
            done.append("run created")
        run = self._runs[contents.name]
        if run_id(contents.folder) != run.id:
            write_atomically(contents.folder / "mlflow_run_id", run.id)
        if not run.has_data:
            self.client.log_inputs(run.id, [_data_set(contents.task)])
            run.has_data = True
        known = self._epochs_of(run) if deep else range(run.epoch + 1)
        lines = [line for line in contents.lines() if line["epoch"] not in known]
        tags = {k: v for k, v in contents.tags.items() if run.tags.get(k) != v}
        samples = self._missing_samples(run, contents, deep)
        found = points_of_seeds(run.latest, contents)
        self._log(
            run,
            [*found, *points_of_samples(samples), *points_of_epochs(lines)],
            tags,
            {} if run.has_params else _params(contents),
        )
        run.latest |= {point.key: point.value for point in found}
        if lines:
            run.epoch = max(run.epoch, lines[-1]["epoch"])
        if run.samples is not None:
            run.samples |= samples.keys()
        if tags:
            done.append(f"tags set: {', '.join(sorted(tags))}")
        if found:
            done.append(f"{len(found)} figures of its seeds added")
        if lines:
            done.append(f"{len(lines)} epochs added")
        if samples:
            done.append(f"{len(samples)} samples of the system added")
        if run.status != contents.status:
            done.append(f"{run.status} -> {contents.status}")
            if contents.end is None:
                self.client.update_run(run.id, status=contents.status)
            else:
                self.client.set_terminated(run.id, status=contents.status, end_time=contents.end)
            run.status = contents.status
        if (contents.folder / "figures").is_dir():
            self.upload(contents.name, contents.folder / "figures")
        return [f"{contents.name}: {what}" for what in done]

    def delete_strangers(self, all_contents: Sequence[RunContents]) -> list[str]:
        """Delete runs that claim to be of this study and aren't in the record, or stand twice.

        Returns:
            What was done, in words.
        """
        names = {contents.name for contents in all_contents} | {self.record.name}
        done = []
        for name in [name for name in self._runs if name not in names]:
            self.client.delete_run(self._runs.pop(name).id)
            done.append(f"{name}: run deleted, the record doesn't know it")
        while self._doubles:
            name, double = self._doubles.pop()
            self.client.delete_run(double)
            done.append(f"{name}: second run deleted")
        return done

    def upload(self, run_name: str, folder: Path) -> None:
        """Upload ``folder`` as artifacts of a run, unless it holds these very files already."""
        run = self._runs[run_name]
        key, digest = f"symray.uploaded.{folder.name}", _digest(folder)
        if run.tags.get(key) != digest:
            self.client.log_artifacts(run.id, str(folder), folder.name)
            self.client.set_tag(run.id, key, digest)
            run.tags[key] = digest

    def run_id(self, run_name: str) -> str:
        """The id of a task's run."""
        return self._runs[run_name].id

    def describe(self) -> None:
        """Write the study's page: the description of its run."""
        here = f"#/experiments/{self.experiment}/runs"
        links = Links(
            run=lambda name: (
                f"{here}/{self._runs[name].id}?{TRAINING}" if name in self._runs else here
            ),
            report=lambda file: f"{here}/{self.parent}/artifacts/report/{file}?{TRAINING}",
            picture=lambda path: (
                f"get-artifact?{urlencode({'path': f'report/{path}', 'run_uuid': self.parent})}"
            ),
        )
        text = study_text(self.record, links)
        run = self._runs[self.record.name]
        begun = sorted(self.record.folder.glob("trials/*/task.json"))[:1]
        if begun and not run.has_data:
            self.client.log_inputs(run.id, [_data_set(Task.load(begun[0].parent))])
            run.has_data = True
        if run.tags.get(NOTE) != text:
            self.client.set_tag(run.id, NOTE, text)
            run.tags[NOTE] = text

    def log_summary(self, numbers: dict[str, float]) -> None:
        """Log the parent run's own metrics where they have changed."""
        stale = {k: v for k, v in numbers.items() if self._summary.get(k) != v}
        now = round(time.time() * 1000)
        self.client.log_batch(self.parent, [Metric(k, v, now, 0) for k, v in stale.items()])
        self._summary |= stale

    def _add_run(self, run: Any) -> None:
        name, data = task_of(run), run.data
        if name == self.record.name:
            self._summary = dict(data.metrics)
        if name in self._runs:
            self._doubles.append((name, run.info.run_id))
            return
        self._runs[name] = _Run(
            id=run.info.run_id,
            status=run.info.status,
            epoch=int(data.metrics.get(EPOCH, 0)),
            has_params=bool(data.params),
            has_data=bool(run.inputs and run.inputs.dataset_inputs),
            tags=dict(data.tags),
            latest=dict(data.metrics),
        )

    def _create(self, contents: RunContents) -> None:
        run = self.client.create_run(
            self.experiment,
            start_time=contents.start,
            tags={PARENT: self.parent} | contents.tags,
            run_name=contents.tags["mlflow.runName"],
        )
        self._add_run(run)

    def _log(
        self,
        run: _Run,
        metrics: list[Metric],
        tags: dict[str, str],
        params: dict[str, str],
    ) -> None:
        if tags or params:
            self.client.log_batch(
                run.id,
                metrics=metrics[:BATCH],
                params=[Param(k, v) for k, v in params.items()],
                tags=[RunTag(k, v) for k, v in tags.items()],
            )
            run.tags |= tags
            run.has_params |= bool(params)
            metrics = metrics[BATCH:]
        for start in range(0, len(metrics), BATCH):
            self.client.log_batch(run.id, metrics=metrics[start : start + BATCH])

    def _missing_samples(
        self, run: _Run, contents: RunContents, deep: bool
    ) -> dict[int, dict[str, Any]]:
        """By number; that a server has the last name of a sample says that it has all of it."""
        recorded = dict(enumerate(contents.samples(), start=1))
        if recorded and (deep or run.samples is None):
            has_some = SAMPLED in run.latest or run.samples
            history = self.client.get_metric_history(run.id, SAMPLED) if has_some else []
            run.samples = {point.step for point in history}
        return {k: sample for k, sample in recorded.items() if k not in (run.samples or ())}

    def _epochs_of(self, run: _Run) -> set[int]:
        return {point.step for point in self.client.get_metric_history(run.id, EPOCH)}

    def _sync_experiment(self) -> None:
        """What makes MLflow show its pages for training, and the view that suits the study."""
        file = self.record.file
        goals = ", ".join(f"{way} `{name}`" for name, way in file.objectives.items())
        wanted = {
            "mlflow.experimentKind": "custom_model_development",
            NOTE: f"`{file.model}` on {Path(file.data_name).name}: {goals}.",
            VIEW: view_state(file),
        }
        if confirms_seeds(file):
            link = experiment_link("", self.experiment, SEEDS_KEY).removeprefix("/")
            wanted[NOTE] += f" [The confirmation's seeds, by setting]({link})."
            wanted[SEEDS_VIEW] = seeds_state(file)
        tags = self.client.get_experiment(self.experiment).tags
        for key, value in wanted.items():
            if tags.get(key) != value:
                self.client.set_experiment_tag(self.experiment, key, value)

    def _sync_parent(self) -> str:
        name, file = self.record.name, self.record.file
        tags = {"symray.study": name, "symray.kind": "study", "symray.role": "study"}
        tags |= origin(self.record)
        if name not in self._runs:
            self._add_run(self.client.create_run(self.experiment, tags=tags, run_name=name))
        run = self._runs[name]
        stale = [RunTag(k, v) for k, v in tags.items() if run.tags.get(k) != v]
        if stale:
            self.client.log_batch(run.id, tags=stale)
            run.tags |= tags
        if not run.has_params:
            params = {
                "model": file.model,
                "data": file.data_name,
                "sampler": file.sampler.name,
                "pruner": file.pruner.name,
                "trials": file.trials,
                "seed": file.seed,
                "objectives": file.objectives,
                "constraints": [str(constraint) for constraint in file.constraints],
            }
            if (sentence := supervision(file)) is not None:
                params["supervision"] = sentence
            self.client.log_batch(run.id, params=[Param(k, str(v)) for k, v in params.items()])
            self.client.log_artifact(run.id, str(self.record.folder / "study.yaml"))
            run.has_params = True
        return run.id

    def set_study_status(self, status: str) -> None:
        """Set the parent run's status."""
        run = self._runs[self.record.name]
        if run.status != status:
            ended = status in ("FINISHED", "FAILED", "KILLED")
            if ended:
                self.client.set_terminated(run.id, status=status)
            else:
                self.client.update_run(run.id, status=status)
            run.status = status


def _params(contents: RunContents) -> dict[str, str]:
    """What was searched; what is fixed is the same in all runs, and lies with the study's own."""
    return {name: str(value) for name, value in contents.searched.items()}


def _data_set(task: Task) -> DatasetInput:
    spec, key = task.spec["data"], task.tags.get("symray.data_key", "")
    source = json.dumps({"data": spec})
    name = spec if isinstance(spec, str) else next(iter(spec.values()))
    data = Dataset(Path(str(name)).name, key[:36] or "unknown", "local", source)
    return DatasetInput(data, [InputTag("mlflow.data.context", "training")])


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
