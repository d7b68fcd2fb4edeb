"""Several studies on one Ray cluster: each driver shows that it is there and counts the others."""

import time
import uuid
from typing import Any

import ray

NAMESPACE = "symray"

LOOK = 2.0
"""Seconds between two looks at who is there."""


class _Presence:
    """Lives as long as the driver that made it: Ray ends it with its owner."""


class Sharing:
    """A driver's share of the cluster that it is attached to."""

    def __init__(self) -> None:
        self._looked = 0.0
        self._drivers = 1
        options = {"num_cpus": 0, "name": uuid.uuid4().hex, "namespace": NAMESPACE}
        self._presence: Any = ray.remote(_Presence).options(**options).remote()

    def most(self, fits: int) -> int | None:
        """How many trials are this study's share; None when it is alone.

        Args:
            fits: how many trials of this study the whole cluster holds.
        """
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            actors = ray.util.list_named_actors(all_namespaces=True)
            self._drivers = sum(actor["namespace"] == NAMESPACE for actor in actors)
        return max(1, fits // self._drivers) if self._drivers > 1 else None

    def close(self) -> None:
        """Leave the cluster to the others."""
        ray.kill(self._presence)
