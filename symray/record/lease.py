"""The right to drive a study: one driver has it, and one that has lost it writes nothing more."""

from typing import Protocol, Self

from symray.errors import UserError

HEARTBEAT = 5.0
"""Seconds between two signs of life of a driver."""

SILENCE = 30.0
"""Seconds without one after which another driver may take the study."""


class LeaseLostError(UserError):
    """Another driver has taken the study; nothing was written."""

    def __init__(self, study: str, holder: str) -> None:
        super().__init__(
            f"{holder} has taken study '{study}' over; this driver stops and has written nothing "
            f"since then; `symray status {study}` shows how it goes on"
        )


class LeaseCheck(Protocol):
    """What a driver sees to hold before it writes."""

    def check(self) -> None:
        """See that nobody has taken it.

        Raises:
            LeaseLostError: somebody has.
        """


class Lease(LeaseCheck, Protocol):
    """Held by the driver for as long as it may write to the study's record."""

    def __enter__(self) -> Self:
        """Take it."""

    def __exit__(self, *error: object) -> None:
        """Give it back."""


def held_sentence(study: str, holder: str) -> str:
    """What a second driver is told."""
    return (
        f"study '{study}' is already being run by {holder}; watch it with `symray status {study}`, "
        f"stop it with `symray stop {study}`, or, if it hangs, replace it by "
        f"`symray resume {study} --take-over`"
    )
