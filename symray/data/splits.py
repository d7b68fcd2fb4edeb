"""Parts of a finite data set, decided by the content of each row."""

import hashlib
from collections.abc import Iterable, Sized
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from symray.errors import UserError

Digests = NDArray[np.uint64]


class Rows(Sized, Iterable[bytes | memoryview], Protocol):
    """Rows of plain numbers, such as a C-contiguous array's."""


def row_digests(rows: Rows) -> Digests:
    """A 64-bit hash of each row; equal rows have equal ones."""
    hashes = b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows)
    return np.frombuffer(hashes, "<u8")


def permuted_passes(
    rows: int, batch_size: int, steps: int, generator: torch.Generator
) -> torch.Tensor:
    """Row numbers of ``steps`` minibatches, (S * B,).

    Permutations of the ``rows``, each without its last partial batch.
    """
    per_pass = whole_batches(rows, batch_size)
    permutations = [
        torch.randperm(rows, generator=generator)[: per_pass * batch_size]
        for _ in range(-(-steps // per_pass))
    ]
    return torch.cat(permutations)[: steps * batch_size]


def whole_batches(rows: int, batch_size: int) -> int:
    """How many minibatches one pass over ``rows`` gives.

    Raises:
        UserError: there is not even one.
    """
    if batch_size > rows:
        raise UserError(f"batch_size {batch_size} is more than the {rows} training rows")
    return rows // batch_size
