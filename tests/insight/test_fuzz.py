"""Damaged records and downloads: whatever looks at them works or says one sentence.

Files of a study that has run are changed at random, as a failing disk or a hand in an editor would.
"""

import random

import pytest
from fuzzing import judged, mutated_bytes, mutated_text

from symray.insight.explain import explain
from symray.insight.health import OF_TRIALS, health
from symray.insight.status import status
from symray.record.study_record import StudyRecord
from symray.search.leaderboard import leaderboard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WORDS = [
    "null", "{}", "[]", "-1", "1e999", "NaN", '"x"', "true", "9" * 400, '"' + "x" * 3000 + '"', "",
    "[" * 5000, "\0", "é", "}", '{"epoch": 1}', '{"event": "start", "time": 1}', "0.5", '"time": 0',
    '{"event": "extend", "time": 1, "trials": "many"}', '"op_code": 99', '"trial_id": 77', "\u2028",
]  # fmt: skip


def look(name: str) -> None:
    """Everything that people ask of a record."""
    record = StudyRecord.open(name)
    status(record)
    health(record, checks=OF_TRIALS)
    leaderboard(record)
    record.searched_seconds()
    for trial in record.trials():
        explain(record, trial.number)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "file",
    [
        "trials/0001/metrics.jsonl",
        "trials/0001/events.jsonl",
        "trials/0001/task.json",
        "events.jsonl",
        "optuna.journal",
        "confirmation.json",
        "confirmation/*/outcome.jsonl",
    ],
)
def test_a_record(own_copy: StudyRecord, file: str, seed: int) -> None:
    rng = random.Random(f"{file}-{seed}")
    path = next(own_copy.folder.glob(file))
    whole = path.read_bytes()
    home = own_copy.folder.parent
    worked = 0
    for _ in range(120):
        damaged = mutated_text(whole.decode(), rng, WORDS) if rng.random() < 0.7 else None
        path.write_bytes(mutated_bytes(whole, rng) if damaged is None else damaged)
        worked += judged(lambda: look(own_copy.name), home, {own_copy.name})
    path.write_bytes(whole)
    look(own_copy.name)
