import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, torch
from symray.training.heap import keep_freed_memory
if {keeps}:
    keep_freed_memory()
def step():
    tensors = [torch.zeros(2**18) for _ in range(32)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
"""What glibc does by itself after some allocations and not after others."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no mallopt")
def test_memory_that_a_step_freed_is_there_for_the_next() -> None:
    def faults(keeps: bool) -> int:
        code = [sys.executable, "-c", FAULTS.format(keeps=keeps)]
        environment = os.environ | GIVES_BACK
        ran = subprocess.run(code, check=True, capture_output=True, text=True, env=environment)
        return int(ran.stdout)

    assert faults(keeps=True) < faults(keeps=False) / 10
