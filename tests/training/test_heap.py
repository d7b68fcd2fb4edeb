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
    tensors = [torch.zeros(2**20) for _ in range(8)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no mallopt")
def test_memory_that_a_step_freed_is_there_for_the_next() -> None:
    def faults(keeps: bool) -> int:
        code = [sys.executable, "-c", FAULTS.format(keeps=keeps)]
        return int(subprocess.run(code, check=True, capture_output=True, text=True).stdout)

    assert faults(keeps=True) < faults(keeps=False) / 10
