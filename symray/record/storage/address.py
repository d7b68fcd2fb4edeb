"""The address of the team's database, and which studies are in it."""

import os
from pathlib import Path
from typing import NoReturn

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from symray.errors import UserError
from symray.record.atomic import write_atomically
from symray.record.study_folder import JOURNAL

VARIABLE = "SYMRAY_DATABASE"

_MARK = "database"
"""File of a study whose trials are in a database; holds the address, without a password."""


def is_in_database(folder: Path) -> bool:
    """Whether the trials of the study in ``folder`` are, or would be, in a database."""
    if (folder / JOURNAL).exists():
        return False
    return (folder / _MARK).exists() or bool(os.environ.get(VARIABLE))


def mark_in_database(folder: Path) -> None:
    """Note in a new study's folder where its trials are."""
    write_atomically(folder / _MARK, f"{shown(database_address(folder))}\n")


def database_address(folder: Path) -> URL:
    """What ``SYMRAY_DATABASE`` says.

    Raises:
        UserError: it is not set, or is no address.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        where = (folder / _MARK).read_text().strip()
        raise UserError(
            f"the trials of study '{folder.name}' are in the database {where}: set {VARIABLE}"
        )
    try:
        url = make_url(text)
    except ArgumentError:
        raise UserError(
            f"{VARIABLE} is no address of a database; write it as postgresql://USER@HOST/NAME"
        ) from None
    # The driver that symray's extra `cluster` installs, where the address names none.
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def shown(url: URL) -> str:
    """An address as it may be printed: without password and options."""
    return URL.create(
        url.get_backend_name(), url.username, None, url.host, url.port, url.database
    ).render_as_string()


def storage_name(folder: Path) -> str:
    """Where the trials of the study in ``folder`` are, for people."""
    return shown(database_address(folder)) if is_in_database(folder) else "a journal file"


def raise_away(url: URL, error: BaseException) -> NoReturn:
    """Say that a database doesn't answer, and why.

    Raises:
        UserError: always.
    """
    if isinstance(error, ModuleNotFoundError):
        raise UserError(
            f"{VARIABLE} names a database and Python has no {error.name}: "
            "pip install 'symray[cluster]'"
        ) from None
    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    raise UserError(
        f"the database {shown(url)} does not answer ({reason[:200]}); start it or correct "
        f"{VARIABLE}, then go on"
    ) from error
