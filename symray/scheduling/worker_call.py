"""One call where a study's workers run, with what a worker has: it may be another machine."""

from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError

from symray.errors import UserError
from symray.scheduling.cluster.attached import start_ray
from symray.study_file import Resources

PATIENCE = 120.0
"""Seconds for a call; a cluster may have no node for it yet."""


def call_at_worker(resources: Resources, function: Callable[..., Any], *arguments: Any) -> Any:
    """What ``function`` returns there.

    Raises:
        UserError: it raised, its process died, or there was no place for it in time.
    """
    start_ray()
    options = {"num_cpus": resources.cpu, "num_gpus": resources.gpu, "max_retries": 0}
    answer = ray.remote(function).options(**options).remote(*arguments)
    try:
        return ray.get(answer, timeout=PATIENCE)
    except GetTimeoutError:
        ray.cancel(answer, force=True)
        raise UserError(f"no place for {resources} within {PATIENCE:g} s") from None
    except RayError as error:
        last = str(error).strip().splitlines()[-1]
        raise UserError(last) from error
