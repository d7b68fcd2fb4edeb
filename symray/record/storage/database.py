"""Optuna's storage of studies in a database that a team shares, such as PostgreSQL.

To Optuna's own storage this adds two things. A driver's writes are fenced: within the transaction
of each it is seen that its lease still holds, so that a driver that stood still between seeing and
writing changes nothing. And it waits for a server that is away for a while instead of ending the
study.
"""

import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage, get_storage
from optuna.storages._cached_storage import _CachedStorage
from optuna.trial import TrialState
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from symray.record.storage.address import database_address, raise_away, shown
from symray.record.storage.sole_writer import SoleWriter

PATIENCE = 600.0
"""Seconds that a driver waits for its database before it stops."""

PAUSE = 1.0

_WRITES = ("INSERT", "UPDATE", "DELETE")

_POOL = {"pool_pre_ping": True, "pool_size": 2}
"""A connection that the server has closed meanwhile is replaced before it is used."""


class Fence(Protocol):
    """What of a driver's lease its writes need."""

    say: Callable[[str], None]

    def verify(self, connection: Connection) -> None:
        """Raise, within the connection's transaction, when the lease is lost."""


def open_database(folder: Path, lease: Fence | None) -> BaseStorage:
    """Open the storage; its tables are made where they are missing.

    Args:
        folder: the study's.
        lease: the driver's; who has none doesn't wait for a server that is away.

    Raises:
        UserError: the database doesn't answer.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = database_address(folder)
    text = url.render_as_string(hide_password=False)
    try:
        if lease is None:
            return get_storage(RDBStorage(text, engine_kwargs=_POOL))
        storage = _PatientStorage(text, engine_kwargs=_POOL)
    except (SQLAlchemyError, StorageInternalError, ModuleNotFoundError) as error:
        raise_away(url, error)
    storage.patience = PATIENCE
    storage.say = functools.partial(
        lease.say, f"the database {shown(url)} does not answer; waiting for it"
    )
    _fence(storage.engine, lease)
    return _DriversStorage(storage)


def _fence(engine: Engine, lease: Fence) -> None:
    """Let no transaction that writes be committed once the lease is lost."""

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: Connection, cursor: Any, statement: str, *others: Any) -> None:
        if statement.lstrip()[:6].upper() in _WRITES:
            connection.info["writes"] = True

    @event.listens_for(engine, "commit")
    def verify(connection: Connection) -> None:
        if connection.info.pop("writes", False):
            lease.verify(connection)

    @event.listens_for(engine, "rollback")
    def forget(connection: Connection) -> None:
        connection.info.pop("writes", None)


class _PatientStorage(RDBStorage):
    """Waits for a server that is away, at most ``patience`` seconds for each call."""

    patience = 0.0
    say: Callable[[], None] = staticmethod(lambda: None)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """As Optuna's; what was committed when the connection broke is not an error."""
        try:
            return super().set_trial_state_values(trial_id, state, values)
        except UpdateFinishedTrialError:
            trial = self.get_trial(trial_id)
            if trial.state == state and trial.values == (list(values) if values else None):
                return True
            raise


def _patiently(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(storage: _PatientStorage, *args: Any, **kwargs: Any) -> Any:
        end, told = time.monotonic() + storage.patience, False
        while True:
            try:
                return method(storage, *args, **kwargs)
            except (SQLAlchemyError, StorageInternalError) as error:
                if not is_away(error) or time.monotonic() > end:
                    raise
            if not told:
                storage.say()
                told = True
            time.sleep(PAUSE)

    return call


for _name in (
    *("create_new_study", "get_study_id_from_name", "get_study_name_from_id"),
    *("get_study_directions", "get_study_user_attrs", "get_study_system_attrs"),
    *("set_study_user_attr", "set_study_system_attr", "get_all_studies"),
    *("_create_new_trial", "_set_trial_param", "set_trial_state_values"),
    *("set_trial_intermediate_value", "set_trial_user_attr", "set_trial_system_attr"),
    *("get_trial_id_from_study_id_trial_number", "get_trial", "_get_trials"),
    "_get_best_trial_id",
):
    setattr(_PatientStorage, _name, _patiently(getattr(_PatientStorage, _name)))


class _DriversStorage(SoleWriter, _CachedStorage):
    """What :func:`get_storage` makes for others, for who writes alone."""


def is_away(error: BaseException) -> bool:
    """Whether an exception says that the server or the way to it is gone, for a while perhaps."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OperationalError | InterfaceError):
            return True
        if isinstance(cause, DBAPIError) and cause.connection_invalidated:
            return True
        cause = cause.__cause__ or cause.__context__
    return False
