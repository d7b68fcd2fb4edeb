"""Keeps MLflow equal to the record: in the background while a study runs, wholly at its ends."""

from symray.study.champion import champion_task
from symray.study.mlflow_client import answering, brief, make_client, tracking_uri
from symray.study.progress import Progress
from symray.study.projection import Projection
from symray.study.record import StudyRecord
from symray.study.registry import register
from symray.study.report import summary, write_report
from symray.study.storage import Checked, LeaseLostError, is_driven
from symray.study.views import RunView, view_of, views
from symray.study.writer import MLflowWriter

DRAIN = 60.0
"""Seconds that the end of a study waits for what is still to be written."""


class Projector:
    """The driver's way to MLflow.

    Args:
        record: the study.
        lease: the driver's; once it is lost, nothing is written.
        progress: is told when MLflow doesn't answer.
    """

    def __init__(self, record: StudyRecord, lease: Checked, progress: Progress) -> None:
        self.record = record
        self.lease = lease
        self.progress = progress
        self._writer = MLflowWriter(
            connect=lambda: Projection(record, make_client()),
            view=self._view,
        )

    def start(self) -> None:
        """Begin to write; everything that the record holds is compared first."""
        for view in views(self.record, live=True):
            self._writer.mark(view.name)
        self._writer.start()

    def changed(self, name: str) -> None:
        """The record of task ``name`` has changed."""
        self._writer.mark(name)

    def _view(self, name: str) -> RunView | None:
        self.lease.check()
        return view_of(self.record, name, live=True)

    def close(self, complete: bool) -> None:
        """Write the rest: the ends of all runs, the report, the champion."""
        written = self._writer.close(DRAIN)
        projection = self._writer.projection
        try:
            if not written or projection is None:
                raise ConnectionError(self._writer.away or f"no answer within {DRAIN:.0f} s")
            self.lease.check()
            equalise(self.record, projection, live=False, complete=complete)
        except LeaseLostError:
            return  # whoever has the study now writes on
        except Exception as error:
            # Whatever MLflow or the network raises: the record is whole, only its picture isn't.
            self.progress.message(
                f"MLflow at {tracking_uri()} does not take what is left to write "
                f"({brief(error)}); nothing is lost: `symray reconcile {self.record.name}` "
                "writes it when the server is back"
            )


def reconcile(record: StudyRecord) -> list[str]:
    """Make MLflow equal to the record, curves included.

    Returns:
        What was mended, in words; empty when nothing was to mend.

    Raises:
        UserError: MLflow doesn't answer.
    """
    live = is_driven(record.folder)
    with answering(f"`symray reconcile {record.name}` again"):
        projection = Projection(record, make_client())
        return equalise(record, projection, live=live, complete=record.complete, deep=True)


def equalise(
    record: StudyRecord, projection: Projection, live: bool, complete: bool, deep: bool = False
) -> list[str]:
    """Bring everything of a study to MLflow that isn't there; returns what was done, in words."""
    wanted = list(views(record, live))
    done = projection.delete_strangers(wanted)
    for view in wanted:
        done += projection.sync(view, deep)
    if complete:
        projection.upload(record.name, write_report(record))
        projection.log_summary(summary(record))
        if champion_task(record) is not None:
            done += register(record, projection)
    projection.set_study_status("RUNNING" if live else "FINISHED" if complete else "SCHEDULED")
    return done
