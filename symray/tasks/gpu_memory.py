"""What goes wrong on a GPU: there is no memory left, or an error leaves the process without it."""

import socket

import torch

_NO_MEMORY = (
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""What CUDA and its libraries say where memory is taken past torch's allocator."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception says that a GPU has no memory left for it."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _NO_MEMORY)


def memory_sentence(error: Exception) -> str:
    """Why a trial failed that took more of a GPU's memory than there was."""
    first = str(error).strip().splitlines()[0].split(". ")[0]  # links and guesses follow
    return (
        f"out of GPU memory on {socket.gethostname()} ({first}); give trials a bigger share of a "
        "GPU with resources.gpu, or only those that need it with resources.retry_gpu"
    )


def is_usable() -> bool:
    """Whether this process can still compute on its GPU, or never has.

    After an error in a kernel (an index out of bounds, say) every further call fails.
    """
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return True
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return False
    return True
