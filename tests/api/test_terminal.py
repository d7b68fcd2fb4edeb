import contextlib
import io

import pytest

from symray.api.terminal import err


def test_progress_stays_out_of_the_log_of_what_trains_in_this_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = err()
    with contextlib.redirect_stderr(io.StringIO()) as log:
        console.print("an epoch")
    assert log.getvalue() == ""
    assert capsys.readouterr().err == "an epoch\n"
