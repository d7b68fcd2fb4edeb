"""What a step frees is kept for the next one."""

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_KEPT_BYTES = 256 * 2**20
_MOST = 32 * 2**20  # that glibc takes as the second


def keep_freed_memory() -> None:
    """Let this process keep up to 256 MiB of freed memory, where its allocator is glibc's.

    By default glibc may give large tensors back to the kernel when they are freed, and the next
    step gets them again page by page, each cleared: up to a fifth of a step of convolutions on a
    CPU (``docs/packing.md``). On other platforms nothing is changed.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, _MOST)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
