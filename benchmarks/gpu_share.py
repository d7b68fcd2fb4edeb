"""What a GPU makes of the small models: steps a second alone, and of trials that share it.

    python benchmarks/gpu_share.py [--seconds 4] [--processes 1 2 4 8]

STIB on artificial data at the paper's batch of 60 and Non-Syn VAE on dSprites at its 64, each
process with one thread, as the trials of a study with ``resources: {cpu: 1, gpu: 0.25}`` run;
beside them one thread of the processor without a GPU. Where there is no GPU only --quick works, on
the processor.
"""

import multiprocessing
import os
import tempfile
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import torch

from measuring.command import CannotMeasureError, Options, Parser, run
from measuring.results import Results
from measuring.table import Column
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec

STEPS = 20
READY = 120.0
"""Seconds that the processes may take to begin."""

CASES: dict[str, tuple[str, Any, dict[str, float | int]]] = {
    "STIB": ("stib", "artificial", {"batch_size": 60}),
    "Non-Syn VAE": ("non_syn", {"dsprites": [1, 1, 4, 2, 2]}, {"batch_size": 64}),
}


def work(case: str, device: str, seconds: float, start: Barrier, done: Any) -> None:
    """Train for ``seconds`` from when all are ready; puts steps a second and MiB of GPU memory."""
    torch.set_num_threads(1)
    model, data, settings = CASES[case]
    spec = TrialSpec(model, data, settings | {"steps_per_epoch": STEPS, "epochs": 10**6}, seed=0)
    trainer = build_trainer(spec, device)
    for _ in range(3):
        trainer.run_epoch()
    start.wait()
    free, total = torch.cuda.mem_get_info() if device == "cuda" else (0, 0)
    began, epochs = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        trainer.run_epoch()
        epochs += 1
    done.put((STEPS * epochs / (time.perf_counter() - began), (total - free) / 2**20))


def together(case: str, device: str, processes: int, seconds: float) -> tuple[float, float]:
    """Steps a second of ``processes`` in all, and MiB of the GPU that all of them take."""
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=work, args=(case, device, seconds, start, done))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    results = [done.get(timeout=READY + seconds) for _ in workers]
    for worker in workers:
        worker.join()
    return sum(rate for rate, _ in results), max(memory for _, memory in results)


def measure(results: Results, options: Options) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not options.quick:
        raise CannotMeasureError(
            "no GPU here, so there is nothing to share: run it on a machine with one, or --quick"
        )
    seconds, counts = (0.2, [1]) if options.quick else (options.seconds, options.processes)
    table = results.table(
        "steps",
        "Steps a second of all processes together, and GPU memory of each",
        *(Column("model"), Column("processes"), Column("steps a second", form=",.0f")),
        *(Column("of one thread", "x", ".3g"), Column("memory", "MiB", ",.0f")),
    )
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("SYMRAY_CACHE", cache)
        for case in list(CASES)[:1] if options.quick else CASES:
            one_thread, _ = together(case, "cpu", 1, seconds)
            table.add(case, "one thread, no GPU", one_thread, 1, None)
            for count in counts:
                rate, memory = together(case, device, count, seconds)
                table.add(case, count, rate, rate / one_thread, memory / count)


def add_options(parser: Parser) -> None:
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8])


if __name__ == "__main__":
    run(measure, add_options)
