"""Keeps MLflow equal to the record: in the background while a study runs, wholly at its ends."""

import threading
import time

from symray.errors import UserError
from symray.record.lease import LeaseCheck, LeaseLostError
from symray.record.studies import is_driven
from symray.record.study_record import StudyRecord
from symray.report.study_report import summary, write_report
from symray.search.champion import champion_task
from symray.search.progress import Progress
from symray.tracking.address import answering
from symray.tracking.client import brief, make_client, shown_uri
from symray.tracking.projection import Projection
from symray.tracking.registry import register
from symray.tracking.run_contents import RunContents, all_contents, contents_of
from symray.tracking.writer import MLflowWriter

DRAIN = 60.0
"""Seconds that a study which is complete waits at its end for a server that is away or slow."""

AGAIN = 2.0
"""Seconds until it is asked again then."""


class Projector:
    """The driver's way to MLflow.

    Args:
        record: the study.
        lease: the driver's; once it is lost, nothing is written.
        progress: is told when MLflow doesn't answer.
    """

    def __init__(self, record: StudyRecord, lease: LeaseCheck, progress: Progress) -> None:
        self.record = record
        self.lease = lease
        self.progress = progress
        self._writer = MLflowWriter(self._connect, self._contents, self._notify)

    def start(self) -> None:
        """Begin to write; everything that the record holds is compared first."""
        for contents in all_contents(self.record, live=True):
            self._writer.mark(contents.name)
        self._writer.start()

    def on_change(self, name: str) -> None:
        """The record of task ``name`` has changed."""
        self._writer.mark(name)

    def _connect(self) -> Projection:
        return Projection(self.record, make_client())

    def _contents(self, name: str) -> RunContents | None:
        self.lease.check()
        return contents_of(self.record, name, live=True)

    def _notify(self, what: str) -> None:
        self.progress.message(f"MLflow at {shown_uri()} {what}")

    def close(self, complete: bool, stopping: threading.Event) -> None:
        """Write the rest: the ends of all runs, the report, the champion.

        Args:
            complete: the study is; only then a server that is away is waited for.
            stopping: ends the waiting.
        """
        self._writer.close(DRAIN)
        end = time.monotonic() + DRAIN
        told = False
        while True:
            try:
                self._write_rest(complete)
                if told:
                    self._notify("answers again")
                return
            except LeaseLostError:
                return  # whoever has the study now writes on
            except Exception as error:
                # Whatever MLflow or the network raises, the record is whole; its picture isn't.
                reason, final = brief(error), isinstance(error, UserError)
            if final or not complete or time.monotonic() > end or stopping.is_set():
                break
            if not told:
                self._notify(f"does not answer ({reason}); waiting {DRAIN:.0f} s for it")
                told = True
            stopping.wait(AGAIN)
        self._notify(
            f"does not take what is left to write ({reason}); nothing is lost: "
            f"`symray reconcile {self.record.name}` writes it when the server is back"
        )

    def _write_rest(self, complete: bool) -> None:
        if self._writer.is_alive():
            raise ConnectionError("slow")
        self.lease.check()
        sync_study(self.record, self._connect(), live=False, complete=complete)


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
        return sync_study(record, projection, live=live, complete=record.complete, deep=True)


def sync_study(
    record: StudyRecord, projection: Projection, live: bool, complete: bool, deep: bool = False
) -> list[str]:
    """Bring everything of a study to MLflow that isn't there; returns what was done, in words."""
    wanted = list(all_contents(record, live))
    done = projection.delete_strangers(wanted)
    for contents in wanted:
        done += projection.sync(contents, deep)
    if complete:
        projection.upload(record.name, write_report(record))
        projection.log_summary(summary(record))
        if champion_task(record) is not None:
            done += register(record, projection)
    projection.describe()
    projection.set_study_status("RUNNING" if live else "FINISHED" if complete else "SCHEDULED")
    return done
