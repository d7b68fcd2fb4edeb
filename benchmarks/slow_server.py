"""What a tracking server that answers only after 200 ms costs the training.

One study with a real MLflow server behind a proxy that for ten seconds holds every request up by
200 ms, for the next ten passes them on at once, and so on: what else changes on the machine meets
both alike. What is compared is the time of an epoch in either phase, as the trials' own records
say. Run it alone on an idle machine:

    python benchmarks/slow_server.py [--delay 0.2] [--epochs 1000]
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from machine import machine
from tracking import mlflow_server

from symray.driver.launch import launch
from symray.record.task_folder import metric_lines
from symray.search.progress import Progress
from symray.study_file import load_study_file

PHASE = 10.0
"""Seconds for which requests are held up, and for which they aren't."""

STUDY = """
study: slow
model: stib
data: artificial
training: {{epochs: {epochs}, steps_per_epoch: 20}}
search:
  beta: {{low: 1, high: 1000, log: true}}
constraints: [x_mae <= 100, y_mae <= 100]
sampler: random
reference: false
trials: 2
concurrency: 1
confirmation: {{top: 0}}
"""


def is_held_up(moment: float) -> bool:
    """Whether requests are held up at this time of the clock."""
    return int(moment / PHASE) % 2 == 1


def epochs(trial_folder: Path) -> Iterator[tuple[float, bool]]:
    """Seconds of each epoch that lay in one phase, the first second of it left out; which phase."""
    lines = metric_lines(trial_folder)
    for before, line in pairwise(lines):
        began, ended = before["time"], line["time"]
        if (began - 1) // PHASE == ended // PHASE:
            yield ended - began, is_held_up(ended)


def mean_without_extremes(seconds: list[float]) -> float:
    """The mean without the tenth at either end."""
    cut = len(seconds) // 10
    return statistics.fmean(sorted(seconds)[cut : len(seconds) - cut])


def forward(source: socket.socket, target: socket.socket, delay: float) -> None:
    """Pass on what comes, each piece after ``delay`` seconds if it is the time for that."""
    with suppress(OSError):
        while piece := source.recv(1 << 20):
            if delay and is_held_up(time.time()):
                time.sleep(delay)
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def serve(port: int, target: int, delay: float) -> None:
    """Pass every connection on to another port; what is asked is held up, answers aren't."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            client, _ = server.accept()
            behind = socket.create_connection(("127.0.0.1", target))
            for pair in ((client, behind, delay), (behind, client, 0.0)):
                threading.Thread(target=forward, args=pair, daemon=True).start()


@contextmanager
def held_up(uri: str, delay: float) -> Iterator[str]:
    """The address of a server that answers later, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, __file__, "--proxy", str(port), uri.rpartition(":")[2]]
    process = subprocess.Popen([*command, "--delay", str(delay)])
    try:
        time.sleep(2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--proxy", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.proxy:
        port, target = options.proxy
        return serve(port, target, options.delay)
    print(machine())
    seconds: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with mlflow_server(scratch) as uri, held_up(uri, options.delay) as slow:
            os.environ |= {"MLFLOW_TRACKING_URI": slow, "SYMRAY_HOME": str(scratch / "home")}
            path = scratch / "study.yaml"
            path.write_text(STUDY.format(epochs=options.epochs))
            (file,) = load_study_file(path)
            record = launch(file, Progress(), threading.Event())
        for trial in record.trials():
            for took, held in epochs(record.trial_folder(trial.number)):
                seconds[held].append(took)
    means = {held: mean_without_extremes(some) for held, some in seconds.items()}
    for held, what in (
        (False, "answered at once"),
        (True, f"held up {1e3 * options.delay:.0f} ms"),
    ):
        error = statistics.stdev(seconds[held]) / len(seconds[held]) ** 0.5 / means[held]
        print(
            f"{what:16s} {len(seconds[held])} epochs of {1e3 * means[held]:.1f} ms, "
            f"standard error {100 * error:.1f} %"
        )
    more = 100 * (means[True] / means[False] - 1)
    print(f"held up by {1e3 * options.delay:.0f} ms: {more:+.1f} % training time")
    return None


if __name__ == "__main__":
    main()
