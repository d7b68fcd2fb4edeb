"""A short soak: nodes, servers, drivers and trials die, and the ledger is whole at the end."""

import os
from collections.abc import Iterator

import pytest
from chaos import Chaos, report

from hosts import why_not


@pytest.fixture
def chaos(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chaos]:
    if reason := why_not():
        pytest.skip(reason)
    for name in ("PGPASSWORD", "MLFLOW_TRACKING_URI", "SYMRAY_DATABASE", "SYMRAY_HOME"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # whatever it sets is undone
    made = Chaos(workers=2)
    yield made
    made.remove()


@pytest.mark.slow  # `make chaos` has more of it
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled(chaos: Chaos) -> None:
    # This seed begins with a node and the driver.
    outcome = chaos.run("short", trials=5, epochs=20, seed=2627, pause=(4, 8))
    words = report(outcome)
    assert {"node", "driver"} <= set(+outcome.kills), words
    assert outcome.lost == [], words + chaos.nodes.said()[-3000:]
    assert outcome.doubled == [], words + chaos.nodes.said()[-3000:]
