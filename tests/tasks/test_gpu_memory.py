"""What CUDA says when there is no memory, and whether a process has a GPU."""

import pytest
import torch

from symray.tasks.gpu_memory import is_out_of_memory, is_usable, memory_sentence


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_means_that_a_gpu_is_full(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_the_sentence_has_the_first_of_torch_and_what_to_do() -> None:
    said = "CUDA error: out of memory\nSearch for `cudaErrorMemoryAllocation' in https://docs."
    sentence = memory_sentence(RuntimeError(said))
    assert "(CUDA error: out of memory);" in sentence
    assert "resources.retry_gpu" in sentence


@pytest.mark.parametrize(
    ("initialised", "error", "expected"),
    [
        (False, RuntimeError("is not asked"), True),
        (True, None, True),
        (True, RuntimeError("CUDA error: device-side assert triggered"), False),
    ],
)
def test_a_process_without_its_gpu_is_not_usable(
    monkeypatch: pytest.MonkeyPatch, initialised: bool, error: Exception | None, expected: bool
) -> None:
    def synchronize() -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: initialised)
    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    assert is_usable() == expected
