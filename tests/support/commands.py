"""Commands run in this process, as a shell would see them."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from symray.cli.main import app


@pytest.fixture
def run() -> Callable[..., Result]:
    """Runs ``symray ARGUMENTS``."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
