"""Trials trained as one program against trials that are processes: member-steps a second.

    python benchmarks/packing.py [--seconds 4] [--rounds 3] [--only NAME ...]

Each arrangement is some processes of one thread, started together; each trains a Trainer of its
own, or a pack of K members. They take turns, round by round, so that what else the machine does
hits all alike, and what is printed is the median over rounds of the ratio to the best unpacked
arrangement of the same round. On a CPU a second is one of processor time in each process, as on a
machine that does nothing else; on a GPU it is the clock's.

    STIB        artificial data, batch 60 and 256
    Non-Syn     sprites, batch 64
    ZINC VAE    random codes of its length; recurrent, so members are Trainers that take turns

Where there is a GPU, it is the GPU that is measured, with K up to 256 and 1, 4 and 8 processes.
"""

import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

import torch
from molecules import random_molecules

from measuring.command import Options, Parser, run
from measuring.results import Results
from measuring.table import Column, Table
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
ZINC_VAE = "ZINC VAE, batch 50"
CASES: dict[str, tuple[str, Any, int, int]] = {
    "STIB, batch 60": ("stib", "artificial", 60, 50),
    "STIB, batch 256": ("stib", "artificial", 256, 25),
    "Non-Syn, batch 64": ("non_syn", SPRITES, 64, 5),
    ZINC_VAE: ("vae", "zinc", 50, 1),
}
"""Model, data, batch size, and steps of an epoch, after which a pack hands over its figures."""


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


def trainer(case: str, seed: int, folder: Path) -> Trainer:
    model, data, batch, steps = CASES[case]
    given: dict[str, float] = {"batch_size": batch, "steps_per_epoch": steps, "epochs": 10**6}
    device = "cuda" if ON_GPU else "cpu"
    if case != ZINC_VAE:
        return build_trainer(TrialSpec(model, data, given, seed), device)
    design = Design(MODELS[model], ZINC.form)
    settings = resolve_settings(design, preset_settings(model, "zinc"), given)
    molecules = random_molecules(folder, 20_000)
    network = build_model(design, molecules.x_shape, 1, settings, seed)
    return Trainer(network, molecules, settings, seed, device)


def epoch_of(case: str, members: int, folder: Path) -> Callable[[], object]:
    """Trains an epoch of all members of one process."""
    trainers = [trainer(case, seed, folder) for seed in range(max(1, members))]
    if not members:
        return trainers[0].run_epoch
    if case == ZINC_VAE:
        return lambda: [one.run_epoch() for one in trainers]
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


def work(case: str, members: int, seconds: float, start: Barrier, done: Any) -> None:
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
        steps = CASES[case][3] * max(1, members) * epochs / (clock() - began)
        done.put((steps, (total - free) / 2**20 if ON_GPU else resident() - before))


def together(case: str, arrangement: Arrangement, seconds: float) -> Rate:
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


def arrangements(case: str, quick: bool) -> list[Arrangement]:
    """Those that are compared, unpacked ones first."""
    alone = [1, 4, 8] if ON_GPU else [1, 2]
    packs = [1, 4, 16, 64, 256] if ON_GPU else [1, 4, 16, 64]
    if case == ZINC_VAE or (case.startswith("Non-Syn") and not ON_GPU):
        packs = [1, 4]
    both = [Arrangement(2, k) for k in packs[-2:]] if not ON_GPU else []
    if quick:
        alone, packs, both = alone[:1], packs[1:2], []
    return [*(Arrangement(p, 0) for p in alone), *(Arrangement(1, k) for k in packs), *both]


def compare(table: Table, case: str, seconds: float, rounds: int, quick: bool) -> None:
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
        table.add(case, str(way), steps, each, statistics.median(ratios[way]), mib)


def measure(results: Results, options: Options) -> None:
    table = results.table(
        "cuda" if ON_GPU else "cpu",
        "Steps of members in all, and their ratio to the best without a pack in the same round",
        *(Column("case"), Column("processes"), Column("member-steps a second", form=",.1f")),
        *(Column("a step of a process", "ms", ".2f"), Column("of unpacked", "x", ".2f")),
        Column("memory of a member", "MiB", ".1f"),
    )
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("SYMRAY_CACHE", cache)
        for case in options.only[:1] if options.quick else options.only:
            if options.quick:
                compare(table, case, seconds=0, rounds=1, quick=True)
            else:
                compare(table, case, options.seconds, options.rounds, quick=False)


def add_options(parser: Parser) -> None:
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")


if __name__ == "__main__":
    run(measure, add_options)
