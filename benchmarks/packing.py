"""Trials trained as one program against trials that are processes: member-steps a second.

    python benchmarks/packing.py [--seconds 4] [--rounds 3] [--only CASE ...]

Each arrangement is some processes of one thread, started together; each trains a Trainer of its
own, or a pack of K members. They take turns, round by round, so that what else the machine does
hits all alike, and what is printed is the median over rounds of the ratio to the best unpacked
arrangement of the same round. On a CPU a second is one of processor time in each process, as on a
machine that does nothing else; on a GPU it is the clock's.

    stib60, stib256     STIB on artificial data, batch 60 and 256
    nonsyn64            Non-Syn on sprites, batch 64
    zinc36, zinc500     VAE on random codes of ZINC's length; recurrent
    study               64 STIB trials of 20 epochs by Tune, Optuna and MLflow, by the clock

Where there is a GPU, it is the GPU that is measured, with K up to 256 and 1, 4 and 8 processes.
"""

import multiprocessing
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
from molecules import random_molecules

from measuring.command import Options, Parser, run
from measuring.results import Results
from measuring.servers import mlflow_server
from measuring.table import Column
from symray.data.zinc import ZINC
from symray.models.design import Design
from symray.models.presets import preset_settings
from symray.models.registry import MODELS
from symray.training.build import build_model, build_trainer
from symray.training.packed import PackedTrainer
from symray.training.settings import resolve_settings
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

ON_GPU = torch.cuda.is_available()
SPRITES = {"dsprites": [1, 1, 4, 2, 2]}


class Case(NamedTuple):
    """What is trained, and how many steps an epoch has, after which a pack hands over its figures.

    ``packs`` are the numbers of members that are measured on a CPU.
    """

    title: str
    model: str
    data: Any
    batch_size: int
    steps: int
    packs: Sequence[int]


CASES = {
    "stib60": Case("STIB, batch 60", "stib", "artificial", 60, 50, (1, 4, 16, 64)),
    "stib256": Case("STIB, batch 256", "stib", "artificial", 256, 25, (1, 4, 16, 64)),
    "nonsyn64": Case("Non-Syn, batch 64", "non_syn", SPRITES, 64, 5, (1, 4)),
    "zinc36": Case("VAE on ZINC's strings, batch 36", "vae", "zinc", 36, 2, (1, 4)),
    "zinc500": Case("VAE on ZINC's strings, batch 500", "vae", "zinc", 500, 1, (1, 2)),
}
STUDY = """
study: {name}
model: stib
data: artificial
training: {{epochs: 20, steps_per_epoch: {steps}}}
search:
  beta: {{low: 1, high: 1000, log: true}}
  lambda_growth: {{low: 1.0, high: 1.2}}
constraints: [x_mae <= 100, y_mae <= 100]
sampler: random
trials: {trials}
resources: {resources}
confirmation: {{top: 0}}
"""


class Arrangement(NamedTuple):
    """Processes, and the members of the pack in each; 0 for a Trainer without a pack."""

    processes: int
    members: int

    def __str__(self) -> str:
        each = f"a pack of {self.members}" if self.members else "a Trainer"
        return f"{self.processes} x {each}"


class Rate(NamedTuple):
    """What one process did."""

    steps: float
    """Member-steps a second."""
    mib: float
    """Of memory: the card's, or the process's own above what it had before it built anything."""


def trainer(case: Case, seed: int, folder: Path) -> Trainer:
    given: dict[str, float] = {
        "batch_size": case.batch_size,
        "steps_per_epoch": case.steps,
        "epochs": 10**6,
    }
    device = "cuda" if ON_GPU else "cpu"
    if case.data != "zinc":
        return build_trainer(TrialSpec(case.model, case.data, given, seed), device)
    design = Design(MODELS[case.model], ZINC.form)
    settings = resolve_settings(design, preset_settings(case.model, "zinc"), given)
    molecules = random_molecules(folder, 20_000)
    network = build_model(design, molecules.x_shape, 1, settings, seed)
    return Trainer(network, molecules, settings, seed, device)


def epoch_of(case: Case, members: int, folder: Path) -> Callable[[], object]:
    """Trains an epoch of all members of one process."""
    trainers = [trainer(case, seed, folder) for seed in range(max(1, members))]
    if not members:
        return trainers[0].run_epoch
    pack = PackedTrainer(trainers[0], members)
    for one in trainers:
        pack.join(one)
    return pack.run_epoch


def clock() -> float:
    if not ON_GPU:
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def resident() -> float:
    """The most MiB that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def work(case: Case, members: int, seconds: float, start: Barrier, done: Any) -> None:
    """Train for ``seconds`` from when all processes are ready; puts what a :class:`Rate` has."""
    torch.set_num_threads(1)
    before = resident()
    with tempfile.TemporaryDirectory() as folder:
        epoch = epoch_of(case, members, Path(folder))
        epoch()
        start.wait()
        if ON_GPU:
            free, total = torch.cuda.mem_get_info()
        began, epochs = clock(), 0
        while epochs == 0 or clock() - began < seconds:
            epoch()
            epochs += 1
        steps = case.steps * max(1, members) * epochs / (clock() - began)
        done.put((steps, (total - free) / 2**20 if ON_GPU else resident() - before))


def together(case: Case, arrangement: Arrangement, seconds: float) -> Rate:
    """Member-steps a second of all processes, and MiB of a member."""
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(arrangement.processes), context.Queue()
    workers = [
        context.Process(target=work, args=(case, arrangement.members, seconds, start, done))
        for _ in range(arrangement.processes)
    ]
    for worker in workers:
        worker.start()
    rates = [Rate(*done.get(timeout=1800)) for _ in workers]
    for worker in workers:
        worker.join()
    members = max(1, arrangement.members)
    shares_card = arrangement.processes if ON_GPU else 1
    mib = statistics.mean(rate.mib for rate in rates) / members / shares_card
    return Rate(sum(rate.steps for rate in rates), mib)


def arrangements(case: Case, quick: bool) -> list[Arrangement]:
    """Those that are compared, unpacked ones first."""
    alone = [1, 4, 8] if ON_GPU else [1, 2]
    packs = [1, 4, 16, 64, 256] if ON_GPU else case.packs
    both = [] if ON_GPU else [Arrangement(2, k) for k in packs[-2:] if k > 1]
    if quick:
        alone, packs, both = alone[:1], packs[1:2], []
    return [*(Arrangement(p, 0) for p in alone), *(Arrangement(1, k) for k in packs), *both]


def compare(
    results: Results, name: str, case: Case, seconds: float, rounds: int, quick: bool
) -> None:
    table = results.table(
        f"{name}_{'cuda' if ON_GPU else 'cpu'}",
        f"{case.title}: steps of members in all, and their ratio to the best without a pack in the "
        "same round",
        *(Column("processes"), Column("member-steps a second", form=",.1f")),
        *(Column("a step of a process", "ms", ".2f"), Column("of unpacked", "x", ".2f")),
        Column("memory of a member", "MiB", ".1f"),
    )
    ways = arrangements(case, quick)
    found: dict[Arrangement, list[Rate]] = {way: [] for way in ways}
    ratios: dict[Arrangement, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            found[way].append(together(case, way, seconds))
        for way in ways:
            peers = [w for w in ways if not w.members and (ON_GPU or w.processes == way.processes)]
            best = max(found[w][-1].steps for w in peers)
            ratios[way].append(found[way][-1].steps / best)
    for way in ways:
        steps, mib = (statistics.median(values) for values in zip(*found[way], strict=True))
        each = 1e3 * way.processes / steps
        table.add(str(way), steps, each, statistics.median(ratios[way]), mib)


def compare_studies(results: Results, trials: int, steps: int) -> None:
    """Whole studies by the clock, from their launch until MLflow has everything."""
    from symray.scheduling.cluster.attached import start_ray

    cores = os.cpu_count() or 1
    packed = f"{{cpu: 1, pack: {-(-trials // cores)}}}"
    alone = "{cpu: 1, pack: off}"
    if ON_GPU:
        packed, alone = f"{{cpu: {cores}, gpu: 1, pack: {trials}}}", "{gpu: 0.125, pack: off}"
    table = results.table(
        f"study_{'cuda' if ON_GPU else 'cpu'}",
        f"{trials} STIB trials of 20 epochs of {steps} steps, with Tune, Optuna and MLflow",
        *(Column("resources"), Column("time", "s", ".0f"), Column("of unpacked", "x", ".2f")),
    )
    seconds = {}
    with tempfile.TemporaryDirectory() as scratch, mlflow_server(Path(scratch)) as uri:
        home = {"SYMRAY_HOME": f"{scratch}/home", "MLFLOW_TRACKING_URI": uri}
        with mock.patch.dict(os.environ, home):
            start_ray()
            study(Path(scratch), "warm", 2, 1, alone)  # Ray's own start is nobody's cost
            for name, resources in (("unpacked", alone), ("packed", packed)):
                seconds[resources] = study(Path(scratch), name, trials, steps, resources)
    for resources, took in seconds.items():
        table.add(resources, took, seconds[alone] / took)


def study(folder: Path, name: str, trials: int, steps: int, resources: str) -> float:
    """Seconds of a study."""
    # here, for each process that trains imports this module
    from symray.driver.launch import launch
    from symray.search.progress import Progress
    from symray.study_file import load_study_file

    path = folder / f"{name}.yaml"
    path.write_text(STUDY.format(name=name, trials=trials, steps=steps, resources=resources))
    (file,) = load_study_file(path)
    began = time.perf_counter()
    launch(file, Progress(), threading.Event())
    return time.perf_counter() - began


def measure(results: Results, options: Options) -> None:
    quick = options.quick
    only = options.only or ([*CASES][:1] if quick else [*CASES, "study"])
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("SYMRAY_CACHE", cache)
        for name in only:
            if name == "study":
                compare_studies(results, 4 if quick else 64, 1 if quick else options.steps)
                continue
            seconds, rounds = (0.0, 1) if quick else (options.seconds, options.rounds)
            compare(results, name, CASES[name], seconds, rounds, quick)


def add_options(parser: Parser) -> None:
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300, help="of an epoch of the study")
    parser.add_argument("--only", nargs="+", choices=[*CASES, "study"], metavar="CASE")


if __name__ == "__main__":
    run(measure, add_options)
