"""What a GPU makes of the small models: steps a second alone, and of trials that share it.

    python benchmarks/gpu_share.py [--seconds 4] [--processes 1 2 4 8]

STIB on artificial data at the paper's batch of 60 and Non-Syn VAE on dSprites at its 64, each
process with one thread, as the trials of a study with ``resources: {cpu: 1, gpu: 0.25}`` run;
beside them one thread of the processor without a GPU.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import torch
from machine import machine

from symray.training.build import build_trainer
from symray.training.spec import TrialSpec

STEPS = 20
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
    results = [done.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    return sum(rate for rate, _ in results), max(memory for _, memory in results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8])
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("No GPU here.")
        return
    print(machine())
    for case in CASES:
        one_thread, _ = together(case, "cpu", 1, arguments.seconds)
        print(f"{case:12} one thread of the processor {one_thread:8.0f} steps/s", flush=True)
        for processes in arguments.processes:
            rate, memory = together(case, "cuda", processes, arguments.seconds)
            print(
                f"{case:12} {processes:2} on the GPU {rate:8.0f} steps/s in all, "
                f"{rate / one_thread:5.2f} x one thread, {memory / processes:5.0f} MiB each",
                flush=True,
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("SYMRAY_CACHE", cache)
        main()
