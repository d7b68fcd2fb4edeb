"""What a failed training is said to have failed of."""

import pytest
import torch

from symray.errors import UserError
from symray.tasks.failure import reason_of
from symray.training.diverged import Diverged

CUDA = """CUDA error: device-side assert triggered
Search for `cudaErrorAssert' in https://docs.nvidia.com/ for more information.
For debugging consider passing CUDA_LAUNCH_BLOCKING=1
"""
WEIGHTS = """Error(s) in loading state_dict for STIB:
\tMissing key(s) in state_dict: "encoder.0.weight".\x20
\tUnexpected key(s) in state_dict: "encoder.1.weight".\x20
"""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError(CUDA), "RuntimeError: CUDA error: device-side assert triggered"),
        (
            RuntimeError(WEIGHTS),
            "RuntimeError: Error(s) in loading state_dict for STIB: Missing key(s) in state_dict: "
            '"encoder.0.weight". Unexpected key(s) in state_dict: "encoder.1.weight".',
        ),
        (AssertionError(), "AssertionError"),
        (ValueError("\n  of this  \n"), "ValueError: of this"),
    ],
)
def test_what_nobody_foresaw_is_one_line_and_its_traceback_is_printed(
    error: Exception, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason_of(error) == reason
    assert str(error).strip() in capsys.readouterr().err


def test_a_long_line_is_shortened() -> None:
    reason = reason_of(ValueError("of much " * 1000))
    assert len(reason) < 400
    assert reason.endswith(" ...")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UserError("give this model another batch size"), "give this model another batch size"),
        (Diverged("kl", 3), "diverged: kl is no longer finite in epoch 3"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "out of GPU memory on "),
    ],
)
def test_what_was_foreseen_has_its_own_words_and_no_traceback(
    error: Exception, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason_of(error).startswith(reason)
    assert capsys.readouterr().err == ""
