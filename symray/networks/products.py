"""Matrix products of a pack on a CPU."""

import functools
import time
from collections.abc import Callable

import torch
from torch import Tensor

_NAME = "_linear_pointwise"
"""Of oneDNN's linear layer; where PyTorch has none of that name, products stay its own."""
_WORTH_IT = 2**19
"""Multiply-adds of one product from which on a call of oneDNN's, some 10 us, is worth it."""
MUCH = 1.25
"""A gain from which on a recurrent layer takes them."""


def fast_products(a: Tensor, b: Tensor) -> bool:
    """Whether to take :func:`products` for factors like ``a`` (K, m, i) and ``b`` (K, i, n)."""
    return (
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, _NAME)
        and a.device.type == "cpu"
        and a.dtype is torch.float32
        and a.shape[1] * a.shape[2] * b.shape[2] >= _WORTH_IT
    )


def product(a: Tensor, b: Tensor) -> Tensor:
    """``torch.bmm(a, b)`` in the way that is fast for its size, without gradients; (K, m, n)."""
    if fast_products(a, b) and _gains(*a.shape[1:], b.shape[2], torch.get_num_threads()):
        return products(a, b)
    return torch.bmm(a, b)


@functools.cache
def _gains(rows: int, inner: int, columns: int, threads: int) -> bool:
    """Whether :func:`products` are much faster on this processor than PyTorch's own.

    On one generation of AMD's EPYC they were 1.5 to 2.4 times as fast, on another one 0.8 to 1.1
    times. What is asked for is between the two, so that the answer, on which the last bits of the
    products depend, is the same each time.
    """
    a, b = torch.ones(1, rows, inner), torch.ones(1, inner, columns)
    return _shortest(lambda: torch.bmm(a, b)) > MUCH * _shortest(lambda: products(a, b))


def _shortest(compute: Callable[[], Tensor]) -> float:
    """Seconds, the least of some."""

    def seconds() -> float:
        began = time.perf_counter()
        compute()
        return time.perf_counter() - began

    return min(seconds() for _ in range(10))


def products(a: Tensor, b: Tensor) -> Tensor:
    """``torch.bmm(a, b)`` by oneDNN, a product at a time, without gradients; (K, m, n).

    PyTorch leaves float32 products to MKL, which is slow on some of AMD's processors: at the size
    of our layers oneDNN is 1.5 times as fast there (``docs/packing.md``; Intel's weren't measured).
    The operation is the one that ``torch.compile`` takes for linear layers.
    """
    return torch.stack(apart(a, b))


def apart(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    """The K products of :func:`products`, each (m, n), which saves the copy into one tensor."""
    linear = getattr(torch.ops.mkldnn, _NAME).default  # linear(x, w) = x @ w.mT
    return tuple(
        linear(x, y.mT, None, "none", [], "") for x, y in zip(a.unbind(), b.unbind(), strict=True)
    )
