"""The lease of a study in a database: a row with a fencing number that every takeover raises.

The holder renews it every few seconds. A driver that stood still finds a higher number when it
comes back, inside the transaction of whatever it was going to write.
"""

import math
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    URL,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from symray.errors import UserError
from symray.record.lease import HEARTBEAT, SILENCE, LeaseLostError, held_sentence
from symray.record.storage.address import database_address, raise_away, shown
from symray.record.storage.database import PATIENCE, PAUSE, is_away
from symray.record.study_folder import identity

LEASES = Table(
    "symray_leases",
    MetaData(),
    Column("study", String(255), primary_key=True),
    Column("identity", String(36), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", String(255)),
    Column("renewed", DateTime(timezone=True), nullable=False),
)
"""``holder`` is NULL when nobody drives the study."""

_VALID = SILENCE - 2 * HEARTBEAT
"""Seconds after a renewal in which nobody else can have taken the lease, with a margin."""


class DatabaseLease:
    """The row of the study in ``folder``.

    Args:
        folder: the study's.
        say: is told what is waited for.
        take_over: from a holder that shows signs of life.

    Raises:
        UserError: another driver holds it; or a study of this name is in the database that isn't
            the one in ``folder``; or the database doesn't answer.
    """

    def __init__(self, folder: Path, say: Callable[[str], None], take_over: bool = False) -> None:
        self.folder = folder
        self.study = folder.name
        self.say = say
        self._take_over = take_over
        self._holder = f"process {os.getpid()} on {socket.gethostname()}"
        self._url = database_address(folder)
        self._ended = threading.Event()
        self._fence = 0
        self._renewed = 0.0

    def __enter__(self) -> Self:
        self._engine = _connect(self._url)
        try:
            self._wait_for_row()
        except SQLAlchemyError as error:
            raise_away(self._url, error)
        threading.Thread(target=self._keep, name="lease", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        try:
            self._update(holder=None)
        except SQLAlchemyError:
            pass  # it runs out by itself
        finally:
            self._engine.dispose()

    def check(self) -> None:
        """See that the lease holds; asks the database only when it may have run out.

        Raises:
            LeaseLostError: another driver has taken it.
            UserError: it may have run out, and the database doesn't answer.
        """
        end, told = time.monotonic() + PATIENCE, False
        while time.monotonic() - self._renewed > _VALID:
            try:
                self._renew()
            except SQLAlchemyError as error:
                if not is_away(error) or time.monotonic() > end:
                    raise_away(self._url, error)
                if not told:
                    self.say(f"the database {shown(self._url)} does not answer; waiting for it")
                    told = True
                time.sleep(PAUSE)

    def verify(self, connection: Connection) -> None:
        """The same within a transaction, which holds takeovers up until it ends.

        Raises:
            LeaseLostError: another driver has taken the lease.
        """
        row = connection.execute(_row_of(self.study).with_for_update(read=True)).one_or_none()
        if row is None or row.fence != self._fence:
            raise LeaseLostError(self.study, (row and row.holder) or "another driver")

    def _wait_for_row(self) -> None:
        first: Any = None
        while True:
            try:
                row = self._try()
            except IntegrityError:
                continue  # another driver has made the row at this moment
            if row is None:
                return
            if first is not None and row.renewed != first:
                raise UserError(held_sentence(self.study, row.holder))
            if first is None:
                self.say(
                    f"{row.holder} was running study '{self.study}' a moment ago; waiting up to "
                    f"{SILENCE:.0f} s for a sign of life of it"
                )
            first = row.renewed
            time.sleep(PAUSE)

    def _try(self) -> Row[Any] | None:
        """Take the row; returns it where another driver has it that isn't known to be dead."""
        with self._engine.begin() as connection:
            asked = time.monotonic()
            row = connection.execute(_row_of(self.study).with_for_update()).one_or_none()
            mine = {"holder": self._holder, "renewed": func.now()}
            if row is None:
                content = {"study": self.study, "identity": identity(self.folder), "fence": 1}
                connection.execute(insert(LEASES).values(content | mine))
                self._fence, self._renewed = 1, asked
                return None
            if row.identity != identity(self.folder):
                raise UserError(
                    f"the database {shown(self._url)} has a study '{self.study}' that isn't the "
                    f"one in {self.folder}; give this one another name with --name"
                )
            if not (row.holder is None or self._take_over or _is_silent(row) or _is_dead(row)):
                return row
            self._fence, self._renewed = row.fence + 1, asked
            connection.execute(
                update(LEASES)
                .where(LEASES.c.study == self.study)
                .values({"fence": self._fence} | mine)
            )
            return None

    def _keep(self) -> None:
        while not self._ended.wait(HEARTBEAT):
            try:
                self._renew()
            except LeaseLostError:
                self._renewed = -math.inf  # the driver's next check asks, and finds out
                return
            except SQLAlchemyError:
                continue

    def _renew(self) -> None:
        asked = time.monotonic()
        if not self._update(renewed=func.now()):
            with self._engine.begin() as connection:
                self.verify(connection)
        self._renewed = asked

    def _update(self, **values: Any) -> bool:
        mine = (LEASES.c.study == self.study) & (LEASES.c.fence == self._fence)
        with self._engine.begin() as connection:
            return connection.execute(update(LEASES).where(mine).values(values)).rowcount > 0


def is_leased_there(folder: Path) -> bool:
    """Whether a driver has shown a sign of life lately.

    Raises:
        UserError: the database doesn't answer.
    """
    url = database_address(folder)
    engine = _connect(url)
    try:
        with engine.connect() as connection:
            row = connection.execute(_row_of(folder.name)).one_or_none()
    except SQLAlchemyError as error:
        raise_away(url, error)
    finally:
        engine.dispose()
    if row is None or row.holder is None or row.identity != identity(folder):
        return False
    return not _is_silent(row) and not _is_dead(row)


def _connect(url: URL) -> Engine:
    """An engine whose database has the table."""
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_size=1)
        try:
            LEASES.create(engine, checkfirst=True)
        except DBAPIError as error:
            if is_away(error):
                raise
            LEASES.create(engine, checkfirst=True)  # another driver was making it
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise_away(url, error)
    return engine


def _row_of(study: str) -> Any:
    return select(LEASES, func.now().label("now")).where(LEASES.c.study == study)


def _is_silent(row: Row[Any]) -> bool:
    silence: float = (row.now - row.renewed).total_seconds()
    return silence > SILENCE


def _is_dead(row: Row[Any]) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    match = re.fullmatch(r"process (\d+) on (.*)", row.holder)
    if match is None or match[2] != socket.gethostname():
        return False
    try:
        os.kill(int(match[1]), 0)
    except PermissionError:
        return False  # another user's, so it lives
    except ProcessLookupError:
        return True
    return False
