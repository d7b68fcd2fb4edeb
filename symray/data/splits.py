"""Parts of a finite data set, decided by the content of each row."""

import hashlib
from collections.abc import Iterable, Sequence, Sized
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from symray.errors import UserError

Digests = NDArray[np.uint64]


class Rows(Sized, Iterable[bytes | memoryview], Protocol):
    """Rows of plain numbers, such as an array's."""


def row_digests(rows: Rows) -> Digests:
    """A 64-bit hash of each row; equal rows have equal ones, in whatever order an array lies."""
    if isinstance(rows, np.ndarray):
        rows = np.ascontiguousarray(rows)
    hashes = b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows)
    return np.frombuffer(hashes, "<u8")


def joined_digests(digests: Digests, groups: Sequence[Any] | NDArray[Any]) -> Digests:
    """``digests`` (N,) that are the same within each of ``groups`` (N,): the group's smallest.

    So what must not be parted falls into one split, and what has no like stays where it was.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    smallest = np.full(group.max(initial=-1) + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, group, digests)
    return smallest[group]


def across(kinds: NDArray[Any], parts: NDArray[Any]) -> int:
    """How many of the ``kinds`` (N,) stand in more than one of the ``parts`` (N,)."""
    _, kind = np.unique(kinds, return_inverse=True)
    pairs = np.unique(np.stack([kind, parts]), axis=1)
    return int(pairs.shape[1]) - len(np.unique(kind))


def permuted_passes(
    rows: int, batch_size: int, steps: int, generator: torch.Generator
) -> torch.Tensor:
    """Row numbers of ``steps`` minibatches, (S * B,), on the CPU, where the rows are.

    Permutations of the ``rows``, each without its last partial batch.
    """
    per_pass = whole_batches(rows, batch_size)
    permutations = [
        torch.randperm(rows, generator=generator, device=generator.device)[: per_pass * batch_size]
        for _ in range(-(-steps // per_pass))
    ]
    return torch.cat(permutations)[: steps * batch_size].cpu()


def whole_batches(rows: int, batch_size: int) -> int:
    """How many minibatches one pass over ``rows`` gives.

    Raises:
        UserError: there is not even one.
    """
    if batch_size > rows:
        raise UserError(f"batch_size {batch_size} is more than the {rows} training rows")
    return rows // batch_size
