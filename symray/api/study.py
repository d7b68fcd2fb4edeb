"""A study that was launched: what a notebook asks of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symray.api.figures import figure_of
from symray.api.html import study_html
from symray.api.launching import resume_study, start_in_background
from symray.api.running import Foreground
from symray.api.tables import confirmation_frame, curves_frame, trials_frame
from symray.insight.status import ended_count, status
from symray.record.home import study_names
from symray.record.study_record import StudyRecord
from symray.report.compare import Comparison
from symray.report.compare import compare as compare_studies
from symray.search.leaderboard import Candidate, leaderboard, pareto_front
from symray.search.requests import check_is_running, running, stop_study, stop_trial
from symray.search.requests import extend as extend_study
from symray.search.requests import retry as retry_failed

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

    from symray.record.trials import OptunaStudy

STOP_WITHIN = 120.0
"""Seconds that ``stop`` waits for an epoch to end and a checkpoint to be written."""


class Study:
    """A study, running or not; :func:`symray.open` and :func:`symray.launch` give it.

    Everything is read from the study's record whenever it is asked for, so that it is always as
    the study stands.

    >>> import symray
    >>> study = symray.open("finished")
    >>> study
    <Study 'finished': complete, 3 of 3 trials>

    Args:
        record: the study's.
    """

    def __init__(self, record: StudyRecord) -> None:
        self._record = record

    @classmethod
    def named(cls, name: str) -> "Study":
        """Study ``name``.

        Raises:
            UserError: there is none of that name.
        """
        return cls(StudyRecord.open(name))

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def record(self) -> StudyRecord:
        """Its record on disk."""
        return self._record

    @property
    def state(self) -> str:
        """``running``, ``complete``, ``stopped`` by somebody, or ``interrupted``."""
        return self._record.state()

    @property
    def status(self) -> dict[str, Any]:
        """What ``symray status NAME --json`` prints.

        >>> symray.open("finished").status["state"]
        'complete'
        """
        return status(self._record)

    @property
    def best(self) -> Candidate | None:
        """The best feasible trial, on the validation split; None while there is none.

        >>> symray.open("finished").best.feasible
        True
        """
        board = leaderboard(self._record)
        return board[0] if board and board[0].feasible else None

    @property
    def optuna(self) -> "OptunaStudy":
        """The Optuna study, for its plots and its analyses; only the driver may write to it.

        >>> len(symray.open("finished").optuna.trials)
        3
        """
        return self._record.optuna

    def trials(self, where: str | None = None, sort: str | None = None) -> "pd.DataFrame":
        """One row per trial: how it ended, its parameters, its metrics on the validation split.

        >>> frame = symray.open("finished").trials("state == 'COMPLETE'", sort="mi_z0_y")
        >>> frame["mi_z0_y"].is_monotonic_increasing
        True

        Args:
            where: only trials that this is true of, as for ``symray trials --where``.
            sort: column to sort by, the best metric first.

        Raises:
            UserError: no such column, or the expression can't be read.
        """
        return trials_frame(self._record, where, sort)

    def curves(self, trials: Sequence[int] | None = None) -> "pd.DataFrame":
        """One row per recorded epoch of each trial: loss terms, and metrics where it was evaluated.

        >>> curves = symray.open("finished").curves(trials=[0])
        >>> curves[["trial", "epoch"]].to_numpy().tolist()
        [[0, 1], [0, 2]]

        Args:
            trials: numbers; all by default.

        Raises:
            UserError: no such trial.
        """
        return curves_frame(self._record, trials)

    def pareto(self) -> "pd.DataFrame":
        """The trials, as :meth:`trials` has them, than which no feasible one is better throughout.

        >>> len(symray.open("finished").pareto())
        1
        """
        front = pareto_front(self._record.file, leaderboard(self._record))
        frame = self.trials()
        return frame.loc[[candidate.number for candidate in front]]

    def confirmation(self, per_seed: bool = False) -> "pd.DataFrame":
        """The best trials retrained under fresh seeds, mean and ``_sd`` of each metric.

        The winner stands first, and a second time on the ``test`` split, which nothing else saw.
        The frame is empty while there is no confirmation.

        >>> symray.open("finished").confirmation()[["split", "n"]].to_numpy().tolist()
        [['validation', 2], ['test', 2]]

        Args:
            per_seed: one row per training instead, on the validation split and, for the winner's,
                on the test split.
        """
        return confirmation_frame(self._record, per_seed)

    def compare(self, *others: "Study | str") -> Comparison:
        """This study beside others, as the papers' tables; see :func:`symray.compare`."""
        return compare(self, *others)

    def figure(self, name: str, trial: int | None = None) -> "Image":
        """A figure of the study's model, as an image that a notebook shows.

        >>> symray.open("finished").figure("latent_space").format
        'PNG'

        Args:
            name: as ``latent_space`` or ``reconstruction_x``.
            trial: of this trial instead of the champion, or the best trial where there is none.

        Raises:
            UserError: there is no such figure; names those that there are.
        """
        return figure_of(self._record, name, trial)

    def stop(self, trial: int | None = None, within: float = STOP_WITHIN) -> bool:
        """Ask the driver to stop the study, or one of its trials, and wait for it.

        Running trials write a checkpoint, from which :meth:`resume` goes on.

        Args:
            trial: only this trial; the study goes on without it.
            within: seconds to wait.

        Returns:
            Whether it has stopped by then; it will, in any case.

        Raises:
            UserError: the trial doesn't run.
        """
        if trial is not None:
            check_is_running(self._record, trial)
            return stop_trial(self._record, trial, within)
        return not running(self._record) or stop_study(self._record, within)

    def extend(self, trials: int) -> int:
        """Give the study ``trials`` more; a running driver goes on with them, else :meth:`resume`.

        Returns:
            How many it is then to have.

        Raises:
            UserError: it is a grid without so many points left.
        """
        return extend_study(self._record, trials)

    def retry(self) -> list[int]:
        """Try failed trials again, each as a new trial; returns which, by number."""
        return retry_failed(self._record)

    def resume(self, detach: bool = False, accept_code_change: bool = False) -> "Study":
        """Go on with a study that was stopped, killed, extended or retried, and wait for its end.

        Args:
            detach: return at once; a process of its own goes on with it.
            accept_code_change: go on although the code has changed.

        Raises:
            UserError: a driver is at work on it, or the code has changed.
        """
        if self._record.complete:
            return self
        if detach:
            options = ["--accept-code-change"] * accept_code_change
            start_in_background(["resume", self.name, *options], self.name)
            return Study.named(self.name)
        return Study(resume_study(self._record, Foreground(), accept_code_change))

    def __repr__(self) -> str:
        ended, budget = ended_count(self._record), self._record.budget
        return f"<Study '{self.name}': {self.state}, {ended} of {budget} trials>"

    def _repr_html_(self) -> str:
        return study_html(self._record)


def open(name: str) -> Study:
    """Open a study that was launched on this machine, or that lies on the store.

    >>> import symray
    >>> symray.open("finished").name
    'finished'

    Args:
        name: the study's.

    Raises:
        UserError: there is none of that name; names the nearest one.
    """
    return Study.named(name)


def studies() -> list[Study]:
    """All studies in the home folder.

    >>> import symray
    >>> symray.studies()
    [<Study 'finished': complete, 3 of 3 trials>]

    Raises:
        UserError: one of their files can't be read any more.
    """
    return [Study.named(name) for name in study_names()]


def compare(*studies: Study | str) -> Comparison:
    """Put studies side by side: model by metric, as in the papers' tables.

    Figures are means and standard deviations over the confirmation's seeds, on the test split.

    >>> import symray
    >>> symray.compare("finished").frame().loc["finished", "n"].item()
    2

    Args:
        studies: or their names; a suite's name stands for all of its studies.

    Raises:
        UserError: no such study.
    """
    return compare_studies([s.name if isinstance(s, Study) else s for s in studies])
