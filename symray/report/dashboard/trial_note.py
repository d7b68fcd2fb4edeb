"""The note of a trial on Optuna's dashboard: where it stands, and where more is told of it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from symray.record.study_record import StudyRecord
from symray.record.task_folder import run_id, task_events
from symray.record.trials import FrozenTrial
from symray.search.confirmation import read_confirmation
from symray.search.leaderboard import Candidate, candidate_of, metrics_of


class TrialNotes:
    """Notes of a study's trials; what their folders tell is read once of those that have ended.

    Args:
        record: the study.
        run_link: the address of an MLflow run by its id; None where no server shows one.
    """

    def __init__(self, record: StudyRecord, run_link: Callable[[str], str | None]) -> None:
        self._record = record
        self._run_link = run_link
        self._of_ended: dict[int, list[str]] = {}

    def of(self, board: Sequence[Candidate]) -> Iterator[tuple[FrozenTrial, str]]:
        """Each trial and its note in Markdown.

        Args:
            board: the study's leaderboard.
        """
        confirmed = read_confirmation(self._record) or {"winner": None}
        ranks = {row.number: place for place, row in enumerate(board, start=1)}
        for trial in self._record.trials():
            said = self._standing(trial, ranks.get(trial.number))
            if trial.number == confirmed["winner"]:
                said.append("chosen by the confirmation")
            title = f"**Trial {trial.number}**: {', '.join(said)}\n"
            lines = [title, *self._constraints(trial)]
            yield trial, "\n".join([*lines, "", *self._from_folder(trial)])

    def _standing(self, trial: FrozenTrial, rank: int | None) -> list[str]:
        said = [trial.state.name.lower()]
        if rank is not None:
            kept = candidate_of(self._record.file, trial).feasible
            said += ["feasible" if kept else "not feasible", f"rank {rank}"]
        if reason := trial.user_attrs.get("reason"):
            said.append(str(reason))
        if trial.user_attrs.get("reference"):
            said.append("the study's reference")
        return said

    def _constraints(self, trial: FrozenTrial) -> Iterator[str]:
        metrics = metrics_of(trial)
        for constraint in self._record.file.constraints if metrics else ():
            value = metrics.get(constraint.metric)
            if value is not None:
                by = constraint.violation(value)
                said = "kept" if by <= 0 else f"missed by {by:.4g}"
                yield f"- `{constraint}`: {value:.4g}, {said}"

    def _from_folder(self, trial: FrozenTrial) -> list[str]:
        if trial.number not in self._of_ended:
            lines = list(self._read(trial.number))
            if not trial.state.is_finished():
                return lines
            self._of_ended[trial.number] = lines
        return self._of_ended[trial.number]

    def _read(self, number: int) -> Iterator[str]:
        name, folder = self._record.name, self._record.trial_folder(number)
        starts = [event for event in task_events(folder) if event["event"] == "start"]
        if starts:
            yield f"- trained on {starts[-1]['host']}, {starts[-1]['device']}"
        run = run_id(folder)
        if run and (link := self._run_link(run)):
            yield f"- [its run in MLflow]({link}), with curves and artifacts"
        yield f"- `symray explain {name} {number}` tells its story"
        yield f"- `symray rerun {name} {number}` trains it again"


def figures_of(record: StudyRecord, number: int) -> list[Path]:
    """The pictures that were drawn of a trial's model."""
    return sorted(record.trial_folder(number).glob("figures/*.png"))
