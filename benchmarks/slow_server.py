"""What a tracking server that answers only after 200 ms costs the training.

The same study three times with a real MLflow server and three times with every request to it held
up for 200 ms, in turn. What is compared is the time that trials take from their first epoch to
their last, as their own records say. Run it alone on an idle machine:

    python benchmarks/slow_server.py [--delay 0.2] [--epochs 60]
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
from pathlib import Path

from machine import machine
from tracking import mlflow_server

from symray.study.driver import launch
from symray.study.file import load_study_file
from symray.study.folder import metric_lines
from symray.study.progress import Progress

REPEATS = 3
STUDY = """
study: {name}
model: stib
data: artificial
training: {{epochs: {epochs}, steps_per_epoch: 60}}
search:
  beta: {{low: 1, high: 1000, log: true}}
constraints: [x_mae <= 100, y_mae <= 100]
sampler: random
reference: false
trials: 2
concurrency: 1
confirmation: {{top: 0}}
"""


def trained(name: str, epochs: int, scratch: Path, uri: str) -> float:
    """Seconds of training of a study's trials."""
    os.environ |= {"MLFLOW_TRACKING_URI": uri, "SYMRAY_HOME": str(scratch / "home")}
    path = scratch / "study.yaml"
    path.write_text(STUDY.format(name=name, epochs=epochs))
    (file,) = load_study_file(path)
    record = launch(file, Progress(), threading.Event())
    total = 0.0
    for trial in record.trials():
        lines = metric_lines(record.trial_folder(trial.number))
        total += lines[-1]["time"] - lines[0]["time"]
    return total


def forward(source: socket.socket, target: socket.socket, delay: float) -> None:
    """Pass on what comes, each piece after ``delay`` seconds."""
    with suppress(OSError):
        while piece := source.recv(1 << 20):
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
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--proxy", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.proxy:
        return serve(*options.proxy, options.delay)
    print(machine())
    seconds: dict[str, list[float]] = {"at once": [], "held up": []}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with mlflow_server(scratch) as uri, held_up(uri, options.delay) as slow:
            trained("warm", 2, scratch, uri)
            for repeat in range(REPEATS):
                for way, address in (("at once", uri), ("held up", slow)):
                    study = f"{way.replace(' ', '-')}-{repeat}"
                    seconds[way].append(trained(study, options.epochs, scratch, address))
                    print(f"{way} {seconds[way][-1]:.2f} s", flush=True)
    ratio = statistics.median(seconds["held up"]) / statistics.median(seconds["at once"])
    print(f"held up for {1e3 * options.delay:.0f} ms: {100 * (ratio - 1):+.1f} % training time")
    return None


if __name__ == "__main__":
    main()
