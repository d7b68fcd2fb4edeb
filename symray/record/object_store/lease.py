"""Which driver, on whichever node, keeps a study on a store: an object that it renews.

A store has no lock, so two drivers that begin in the same second may both write it; the one that
is overwritten sees that at its next renewal and stops. With trials in a database, the database's
lease has already decided.
"""

import json
import os
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any

from symray.errors import UserError
from symray.record.lease import HEARTBEAT, SILENCE, LeaseLostError, held_sentence
from symray.record.object_store.objects import Store

DRIVER = "driver.json"


class StoreLease:
    """The object ``STUDY/driver.json``.

    Args:
        store: where the study is kept.
        study: its name.
    """

    def __init__(self, store: Store, study: str) -> None:
        self.store = store
        self.study = study
        self._path = f"{study}/{DRIVER}"
        self._id = str(uuid.uuid4())
        self._renewed = 0.0

    def take(self, say: Callable[[str], None], take_over: bool = False) -> None:
        """Become the driver; waits for a sign of life of another one.

        Raises:
            UserError: there is one, and ``take_over`` isn't set.
        """
        first, end = _holder(self.store, self.study), time.monotonic() + SILENCE
        if first and not take_over and not _is_dead(first):
            name = _name(first)
            say(
                f"{name} was running study '{self.study}' a moment ago; waiting up to "
                f"{SILENCE:.0f} s for a sign of life of it"
            )
            while time.monotonic() < end:
                time.sleep(1.0)
                now = _holder(self.store, self.study)
                if now is None:
                    break
                if now != first:
                    raise UserError(held_sentence(self.study, name))
        self._write()

    def renew(self) -> None:
        """Show a sign of life, now and then.

        Raises:
            LeaseLostError: another driver has taken the study.
        """
        if time.monotonic() - self._renewed < HEARTBEAT:
            return
        self.check()
        self._write()

    def check(self) -> None:
        """See, by asking the store, that no other driver has taken the study.

        Raises:
            LeaseLostError: one has.
        """
        now = _holder(self.store, self.study)
        if now is None or now["id"] != self._id:
            name = _name(now) if now else "another driver"  # which has given it back since
            raise LeaseLostError(self.study, name)

    def give_back(self) -> None:
        """Let others have the study."""
        self.check()
        self.store.delete(self._path)

    def _write(self) -> None:
        content = {"id": self._id, "host": socket.gethostname(), "pid": os.getpid()}
        text = json.dumps(content | {"renewed": time.time()})
        self.store.write(self._path, text.encode())
        self._renewed = time.monotonic()


def holder(store: Store, study: str) -> str | None:
    """Who drives the study, by the clocks of both nodes; None when nobody does."""
    now = _holder(store, study)
    if now is None or _is_dead(now) or time.time() - now["renewed"] > SILENCE:
        return None
    return _name(now)


def _holder(store: Store, study: str) -> dict[str, Any] | None:
    content = store.read(f"{study}/{DRIVER}")
    return json.loads(content) if content else None


def _name(holder: dict[str, Any]) -> str:
    return f"process {holder['pid']} on {holder['host']}"


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether it was a process of this machine that is no more."""
    if holder["host"] != socket.gethostname():
        return False
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
