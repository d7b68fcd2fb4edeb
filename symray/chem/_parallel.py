"""All cores: threads for compiled code, processes for Python and RDKit, with progress.

``LOKY_MAX_CPU_COUNT`` in the environment limits both.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray

from symray.chem.base import Progress

Kernel = Callable[..., None]

T = TypeVar("T")
R = TypeVar("R")

ROWS_PER_TASK = 2000


def on_threads(
    rows: int, work: Callable[[int, int], None], progress: Progress | None = None
) -> None:
    """``work(start, stop)`` for ranges that make up 0..rows-1; it should release the GIL."""
    starts = range(0, rows, ROWS_PER_TASK)
    stops = [min(start + ROWS_PER_TASK, rows) for start in starts]
    if len(starts) <= 1:
        work(0, rows)
        if progress:
            progress(rows, rows)
        return
    with ThreadPoolExecutor(min(cpu_count(), len(starts))) as pool:
        for stop, _ in zip(stops, pool.map(work, starts, stops), strict=True):
            if progress:
                progress(stop, rows)


def on_texts(
    kernel: Kernel, texts: Sequence[str], length: int, fill: int, progress: Progress | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Run a compiled encoder on the threads.

    Args:
        kernel: takes N texts end to end, where each starts (N + 1,), and the three arrays below.
        texts: one string a molecule; what isn't ASCII reaches the kernel as a question mark or as
            a byte above 127.
        length: L.
        fill: what the codes are filled up with.
        progress: called as chunks are done.

    Returns:
        Codes (N, L), how many there are, which may be more than L (N,), and errors (N, 2).
    """
    codes = np.full((len(texts), length), fill, np.uint8)
    lengths = np.zeros(len(texts), np.int64)
    errors = np.zeros((len(texts), 2), np.int64)

    def work(start: int, stop: int) -> None:
        part = slice(start, stop)
        # one byte a character, so that places in the bytes are places in the string
        characters = "".join(texts[part]).encode("latin-1", "replace")
        starts = np.zeros(stop - start + 1, np.int64)
        np.cumsum([len(text) for text in texts[part]], out=starts[1:])
        kernel(
            np.frombuffer(characters, np.uint8), starts, codes[part], lengths[part], errors[part]
        )

    on_threads(len(texts), work, progress)
    return codes, lengths, errors


def on_processes(
    work: Callable[[Sequence[T]], R],
    items: Sequence[T],
    chunk: int,
    progress: Progress | None = None,
) -> Iterator[R]:
    """``work`` of each ``chunk`` items, in order, in processes if there are several chunks.

    The processes are loky's: they neither fork a process with threads nor import the main script
    again, and they are kept for the next call.

    Args:
        work: a function of a module, for pickle's sake.
        items: what it is applied to.
        chunk: items of one call; about half a second's work, for progress.
        progress: called after each chunk.
    """
    chunks = [items[start : start + chunk] for start in range(0, len(items), chunk)]
    jobs = min(cpu_count(), len(chunks))
    if jobs <= 1:
        results: Iterator[R] = map(work, chunks)
    else:
        results = Parallel(n_jobs=jobs, return_as="generator")(delayed(work)(c) for c in chunks)
    done = 0
    for part, result in zip(chunks, results, strict=True):
        yield result
        done += len(part)
        if progress:
            progress(done, len(items))
