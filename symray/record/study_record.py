"""The record of a study: its file, its events, its trials in Optuna's storage, their folders."""

import getpass
import shutil
import socket
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage

from symray.errors import UserError
from symray.record import forms, jsonl
from symray.record.atomic import write_atomically
from symray.record.fingerprints import code_of
from symray.record.home import home
from symray.record.lease import Lease
from symray.record.storage import mend, open_storage
from symray.record.storage.address import is_in_database, mark_in_database
from symray.record.studies import find_study, is_driven, study_exists
from symray.record.study_folder import JOURNAL
from symray.record.trials import FrozenTrial, TrialState
from symray.study_file import StudyFile, load_study_file
from symray.training.fingerprint import code_fingerprint


class StudyRecord:
    """A study as it stands on disk.

    Anyone may read it and add an event; only the holder of the study's lease may write trials.

    Args:
        folder: the study's folder.
        lease: the driver's; None for who only reads and asks.

    Attributes:
        folder: the study's folder.
        file: the resolved study file.
        optuna: the Optuna study, which holds the trials.
    """

    def __init__(self, folder: Path, lease: Lease | None = None) -> None:
        self.folder = folder
        (self.file,) = load_study_file(folder / "study.yaml")
        self.optuna = _load(self.file.study, folder, open_storage(folder, lease))

    @classmethod
    def open(cls, name: str) -> "StudyRecord":
        """Open study ``name``.

        Raises:
            UserError: there is none of that name.
        """
        return cls(find_study(name))

    @staticmethod
    def check_name_is_free(name: str) -> None:
        """Refuse a name that a study has.

        Raises:
            UserError: the name is taken.
        """
        if study_exists(name):
            where = home() if (home() / name).exists() else "the store"
            raise UserError(
                f"study '{name}' exists in {where}; go on with it by `symray resume {name}`, "
                "or give this one another name with --name"
            )

    @classmethod
    def create(cls, file: StudyFile, lease: Lease | None = None) -> "StudyRecord":
        """Fill the folder of a new study; ``study.yaml``, written last, makes it exist."""
        folder = home() / file.study
        if file.code is not None:
            file = _ship_code(file, folder)
        mend(folder)
        if is_in_database(folder):
            mark_in_database(folder)
        optuna.create_study(
            study_name=file.study,
            storage=open_storage(folder, lease),
            directions=list(file.objectives.values()),
            load_if_exists=True,
        )
        write_atomically(folder / "study.yaml", file.to_yaml())
        return cls(folder, lease)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.file.study

    def add_event(self, event: str, **details: Any) -> None:
        """Keep what was done to the study, when, by whom, from where."""
        who = {"user": getpass.getuser(), "host": socket.gethostname()}
        jsonl.append(
            self.folder / "events.jsonl", [{"event": event, "time": time.time()} | who | details]
        )

    def events(self, event: str | None = None) -> list[dict[str, Any]]:
        """What was done to the study, in order; only events of one kind where one is named."""
        events = jsonl.read(self.folder / "events.jsonl", forms.event)
        return [item for item in events if event is None or item["event"] == event]

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Optuna's trials by number; only those in ``states`` where some are given."""
        return self.optuna.get_trials(deepcopy=False, states=states or None)

    @property
    def budget(self) -> int:
        """Trials that the study is to have: the file's, what extended it, what is retried."""
        extended = sum(int(event["trials"]) for event in self.events("extend"))
        retried = sum(len(event["numbers"]) for event in self.events("retry"))
        return self.file.trials + extended + retried

    def trial_folder(self, number: int) -> Path:
        """The folder of trial ``number``."""
        return self.folder / "trials" / f"{number:04d}"

    def confirmation_folders(self) -> list[Path]:
        """Folders of the confirmation's trainings that have begun, in order."""
        return sorted(path.parent for path in self.folder.glob("confirmation/*/task.json"))

    def trial(self, number: int) -> FrozenTrial:
        """Trial ``number``.

        Raises:
            UserError: the study has no such trial.
        """
        trials = self.trials()
        if not 0 <= number < len(trials):
            raise UserError(
                f"study '{self.name}' has no trial {number}; its trials are 0 to {len(trials) - 1}"
                if trials
                else f"study '{self.name}' has no trials yet"
            )
        return trials[number]

    @property
    def complete(self) -> bool:
        """Whether a driver has done everything that was asked of the study."""
        names = [e["event"] for e in self.events() if e["event"] in _ASKING | {"finish"}]
        return bool(names) and names[-1] == "finish"

    def state(self) -> str:
        """``running``, ``complete``, ``stopped`` by somebody, or ``interrupted``."""
        if is_driven(self.folder):
            return "running"
        if self.complete:
            return "complete"
        last = self.events()[-1:]
        return "stopped" if last and last[0]["event"] == "stop" else "interrupted"

    def searched_seconds(self) -> float:
        """Seconds that earlier drivers have spent, each up to the last sign of it."""
        total, began, last = 0.0, None, 0.0
        signs = [(e["time"], e["event"] in ("launch", "resume")) for e in self.events()]
        records = self.folder.glob("trials/*/metrics.jsonl")
        epochs = [line for path in records for line in jsonl.read(path, forms.epoch)]
        signs += [(line["time"], False) for line in epochs]
        for moment, starts in sorted(signs):
            if starts:
                total += last - began if began is not None else 0.0
                began = moment
            last = moment
        return total + (last - began if began is not None else 0.0)

    def check_code(self, accept_change: bool) -> str:
        """The fingerprint of the code that goes on training this study.

        Where an own model's code has changed and that is accepted, new trials get a copy of it as
        it is now; older ones keep the copy that they were trained with.

        Raises:
            UserError: the code isn't what trained the study so far, and that is not accepted.
        """
        begun = [e for e in self.events() if "code" in e]
        if not begun:  # killed at the very start of its launch: nothing is trained yet
            return code_of(self.file)
        before, source = begun[-1]["code"], begun[0]["code_source"]
        current = self.file
        if source and Path(source).is_dir():
            current = current.model_copy(update={"code": Path(source)})
        now = code_of(current)
        if now != before and not accept_change:
            raise UserError(
                f"the code has changed since study '{self.name}' was started ({before} -> {now}), "
                "and its trials would no longer be comparable; go back to that code, or "
                f"`symray resume {self.name} --accept-code-change`"
            )
        if current is not self.file:
            shipped = _ship_code(current, self.folder)
            assert shipped.code is not None
            if self.folder / shipped.code != self.file.code:
                write_atomically(self.folder / "study.yaml", shipped.to_yaml())
                (self.file,) = load_study_file(self.folder / "study.yaml")
        return now


def _load(name: str, folder: Path, storage: BaseStorage) -> optuna.Study:
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        if not is_in_database(folder):
            raise UserError(f"{folder / JOURNAL} has no study '{name}'; restore the file") from None
        raise UserError(
            f"the database that SYMRAY_DATABASE names has no study '{name}'; name the one that it "
            "was launched with, or restore its backup"
        ) from None


_ASKING = {"launch", "resume", "extend", "retry"}


def _ship_code(file: StudyFile, folder: Path) -> StudyFile:
    """Copy an own model's package into the study, so that later edits can't change its trials."""
    assert file.code is not None
    home = Path("code") / code_fingerprint(file.code)[:12]
    if not (folder / home).exists():
        fresh = folder / "code" / ".fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(
            file.code,
            fresh / file.code.name,
            ignore=shutil.ignore_patterns("__pycache__", ".git"),
        )
        fresh.rename(folder / home)
    return file.model_copy(update={"code": home / file.code.name})


def milliseconds(moment: datetime | None) -> int | None:
    """Optuna's naive local time stamps in MLflow's unit."""
    return None if moment is None else round(moment.timestamp() * 1000)
