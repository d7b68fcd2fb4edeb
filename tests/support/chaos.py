"""A study on three nodes while something dies every few seconds; at the end, who was lost?

    python tests/support/chaos.py [--seeds 0 1 2 3 4]

`make chaos` runs some seeds one after another and notes what came of each; a test runs a short one.
Everything is real: nodes of Ray on hosts of their own, PostgreSQL, MLflow's server, SIGKILL. Exit
code 1 if anything was lost or doubled.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mlflow import MlflowClient
from optuna.trial import TrialState

from hosts import Host, Network, why_not
from measuring.command import CannotMeasureError, Options, Parser, run
from measuring.results import Results
from measuring.table import Column
from nodes import RayNodes
from services import Postgres, accepts, free_port, unprivileged_user, wait_for
from symray.record.study_record import StudyRecord
from symray.record.task_folder import metric_lines, task_events
from symray.tracking.client import make_client
from symray.tracking.names import task_of
from symray.tracking.projector import reconcile

STUDY = """\
study: chaos
model: stib
data: artificial
training: {{epochs: {epochs}, steps_per_epoch: 30, batch_size: 64, hidden_width: 16}}
search:
  beta: {{low: 1, high: 1000, log: true}}
  lambda_growth: {{low: 1.0, high: 1.2}}
objectives: {{mi_z0_y: minimize}}
constraints: ["x_mae <= 100", "y_mae <= 100"]
trials: {trials}
concurrency: 3
confirmation: {{top: 0}}
checkpoints: {{keep: 3, every: 0.5}}
"""

PAUSE = (6.0, 12.0)
"""The least and the most seconds between two kills; a driver needs some ten to be back."""

VICTIMS = ("trial", "node", "driver", "mlflow", "postgres")


@dataclass
class Outcome:
    """What came of a study.

    Attributes:
        seconds: from launch to its end.
        kills: how often which victim was killed.
        lost: trials that the study wanted and that didn't end COMPLETE with every epoch.
        doubled: trials, epochs or runs that stand twice, or that nobody asked for.
        continued: starts that went on from a checkpoint.
        repeated: starts of a trial at its beginning, beyond the first.
        mended: what `symray reconcile` had to mend afterwards; a second call must find nothing.
    """

    seconds: float
    kills: Counter[str]
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    continued: int = 0
    repeated: int = 0
    mended: int = 0


class MLflow:
    """A tracking server over a database, killed and started at will."""

    def __init__(self, folder: Path, address: str, database: str) -> None:
        self.port = free_port()
        self.uri = f"http://{address}:{self.port}"
        self._address, self._database, self._folder = address, database, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self._folder / "mlflow.log"
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        command += ["--host", self._address, "--port", str(self.port)]
        command += ["--allowed-hosts", f"{self._address}:{self.port}"]
        command += ["--backend-store-uri", self._database]
        command += ["--artifacts-destination", str(self._folder / "artifacts")]
        env = os.environ | {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # seven more processes
        }
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, env=env, start_new_session=True
            )
        wait_for(lambda: accepts(self.port, self._address), self._process, log)

    def kill(self) -> None:
        """Kill it with its children."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Chaos:
    """Three nodes, a head, two servers, and one who kills them.

    Args:
        workers: nodes that run trials.
    """

    def __init__(self, workers: int = 3) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="symray-"))
        self.network = Network()
        try:
            self.postgres = Postgres(unprivileged_user(), self.network.address)
            self.postgres.start()
            os.environ["PGPASSWORD"] = self.postgres.password
            self.database = self.postgres.create_database("studies")
            tracking = self.postgres.create_database("tracking")
            self.mlflow = MLflow(self.folder, self.network.address, tracking)
            self.mlflow.start()
            os.environ["MLFLOW_TRACKING_URI"] = self.mlflow.uri
            os.environ["SYMRAY_DATABASE"] = self.database
            self.nodes = RayNodes(self.network, self.folder, {})
            for _ in range(workers):
                self.nodes.add_worker()
        except BaseException:
            self.remove()
            raise
        self._mending: dict[str, threading.Thread] = {}

    def remove(self) -> None:
        """End everything."""
        for name in ("nodes", "mlflow"):
            part = getattr(self, name, None)
            if isinstance(part, MLflow):
                part.kill()
        if hasattr(self, "postgres"):
            self.postgres.remove()
        self.network.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(
        self, name: str, trials: int, epochs: int, seed: int | None, pause: tuple[float, float]
    ) -> Outcome:
        """Run a study to its end, and kill something every few seconds if there is a seed.

        Args:
            name: the study's.
            trials: that it has.
            epochs: of each.
            seed: decides who is killed when; None for a peaceful run.
            pause: the least and the most seconds between two kills.
        """
        path = self.folder / "chaos.yaml"
        path.write_text(STUDY.format(trials=trials, epochs=epochs))
        kills: Counter[str] = Counter()
        chance = random.Random(seed)
        launch = ("launch", str(path), "--name", name, "--or-resume")
        began = time.monotonic()
        driver = self.nodes.symray(*launch)
        strike = began + chance.uniform(*pause) + 10
        while driver.poll() != 0:
            if driver.poll() is not None:
                driver = self.nodes.symray(*launch)
            if seed is not None and time.monotonic() > strike:
                victim = chance.choice(VICTIMS)
                kills[victim] += self._kill(victim, driver, chance)
                strike = time.monotonic() + chance.uniform(*pause)
            time.sleep(0.2)
        seconds = time.monotonic() - began
        for thread in self._mending.values():
            thread.join()
        return self._ledger(name, trials, epochs, Outcome(seconds, kills))

    def _kill(self, victim: str, driver: "subprocess.Popen[bytes]", chance: random.Random) -> int:
        """Kill one of a kind; 0 where there is none now, or it is still being mended."""
        mending = self._mending.get(victim)
        if mending is not None and mending.is_alive():
            return 0
        after = chance.uniform(0.5, 4)
        if victim == "driver":
            return int(_kill_session(driver))
        if victim == "trial":
            trials = [pid for host in self.nodes.workers for pid in _trials(host)]
            return int(bool(trials) and _kill(chance.choice(sorted(trials))))
        if victim == "node":
            host = chance.choice(self.nodes.workers)
            host.crash()
            self._mend(victim, lambda: self.nodes.start_worker(host), after)
        elif victim == "mlflow":
            self.mlflow.kill()
            self._mend(victim, self.mlflow.start, after)
        else:
            self.postgres.stop(crash=True)
            self._mend(victim, self.postgres.start, after)
        return 1

    def _mend(self, victim: str, start: Callable[[], None], after: float) -> None:
        def work() -> None:
            time.sleep(after)
            start()

        self._mending[victim] = thread = threading.Thread(target=work, daemon=True)
        thread.start()

    def _ledger(self, name: str, trials: int, epochs: int, outcome: Outcome) -> Outcome:
        """Compare the stores entry by entry."""
        os.environ["SYMRAY_HOME"] = str(self.nodes.home)
        record = StudyRecord.open(name)
        outcome.mended = len(reconcile(record))
        if reconcile(record):
            outcome.doubled.append("a second reconcile finds something again")
        found = record.trials()
        outcome.doubled += [f"trial {t.number} was never wanted" for t in found[trials:]]
        outcome.lost += [f"trial {number} is missing" for number in range(len(found), trials)]
        client = make_client()
        for trial in found[:trials]:
            folder = record.trial_folder(trial.number)
            recorded = [line["epoch"] for line in metric_lines(folder)]
            if trial.state != TrialState.COMPLETE or recorded != list(range(1, epochs + 1)):
                outcome.lost.append(f"trial {trial.number} is {trial.state.name} with {recorded}")
            outcome.doubled += _doubles(client, folder, recorded)
            starts = [e["epoch"] for e in task_events(folder) if e["event"] == "start"]
            outcome.continued += sum(epoch > 0 for epoch in starts)
            outcome.repeated += max(0, sum(epoch == 0 for epoch in starts) - 1)
        experiment = client.get_experiment_by_name(name)
        assert experiment is not None, "the study has no experiment"
        runs = client.search_runs([experiment.experiment_id], max_results=5000)
        names = Counter(map(task_of, runs))
        outcome.doubled += [f"{run} has {count} runs" for run, count in names.items() if count > 1]
        outcome.lost += [
            f"trial {t.number} has no run" for t in found if not names[f"trial-{t.number:04d}"]
        ]
        unended = [task_of(run) for run in runs if run.info.status == "RUNNING"]
        outcome.lost += [f"run {run} never ended" for run in unended]
        return outcome


def _doubles(client: MlflowClient, folder: Path, recorded: list[int]) -> list[str]:
    run = (folder / "mlflow_run_id").read_text().strip()
    steps = [point.step for point in client.get_metric_history(run, "epoch")]
    return [] if sorted(steps) == recorded else [f"{folder.name}: epochs in MLflow are {steps}"]


def _trials(host: Host) -> list[int]:
    """The workers on a host that run a trial, by what Ray calls their processes."""
    found = []
    for pid in host.processes():
        with suppress(OSError):
            if b"Trainable" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def _kill(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def _kill_session(process: "subprocess.Popen[bytes]") -> bool:
    """Kill a command with the wrappers that it was started through."""
    if process.poll() is not None:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def _kills(outcome: Outcome) -> str:
    return ", ".join(f"{count} x {victim}" for victim, count in sorted(outcome.kills.items()))


def report(outcome: Outcome) -> str:
    """An outcome in a line."""
    return (
        f"{sum(outcome.kills.values())} kills ({_kills(outcome)}): {len(outcome.lost)} lost, "
        f"{len(outcome.doubled)} doubled, {outcome.repeated} begun again, "
        f"{outcome.continued} continued from a checkpoint, {outcome.mended} mended in MLflow, "
        f"{outcome.seconds:.0f} s"
    )


def measure(results: Results, options: Options) -> None:
    """Run the seeds, after one study in peace."""
    if reason := why_not():
        raise CannotMeasureError(f"no chaos here: {reason}")
    for number in (signal.SIGINT, signal.SIGTERM):  # either way what was started is ended
        signal.signal(number, lambda *_: sys.exit("stopped"))
    trials, epochs, seeds = options.trials, options.epochs, options.seeds
    if options.quick:
        trials, epochs, seeds = 5, 20, seeds[:1]
    table = results.table(
        "seeds",
        f"{trials} trials of {epochs} epochs on three nodes, with something killed now and then",
        *map(Column, ("seed", "kills", "victims", "trials lost", "doubled", "begun again")),
        *map(Column, ("continued from a checkpoint", "mended by reconcile")),
        *(Column("time", "s", ".0f"), Column("of that without kills", "x", ".1f")),
    )
    bad, peace = 0, 0.0
    chaos = Chaos()
    try:
        for seed in (None, *seeds):
            name = "calm" if seed is None else f"chaos-{seed}"
            found = chaos.run(name, trials, epochs, seed, PAUSE)
            peace = peace or found.seconds
            table.add(
                *("none" if seed is None else seed, sum(found.kills.values()), _kills(found)),
                *(len(found.lost), len(found.doubled), found.repeated, found.continued),
                *(found.mended, found.seconds, found.seconds / peace),
            )
            for line in found.lost + found.doubled:
                print(f"  {line}", flush=True)
                bad += 1
    finally:
        print(chaos.nodes.said()[-4000:], file=sys.stderr)
        chaos.remove()
    if bad:
        sys.exit(1)


def add_options(parser: Parser) -> None:
    """What a seed is run on."""
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=12)


if __name__ == "__main__":
    run(measure, add_options)
