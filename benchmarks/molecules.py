"""Training on ZINC's molecules: tokens a second against a bare loop; start and memory of the data.

    python benchmarks/molecules.py [--batch 20] [--rounds 5]

The bare loop is the same VAE written with nn.GRU and cross_entropy on indices that are in memory
already. Both run on one thread (or on a GPU where there is one), in turn. ZINC itself where it is
prepared, else random codes of its length.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss, one_hot

from measuring.command import Options, Parser, run
from measuring.interleaved import CLOCK, DEVICE, interleaved, ratio
from measuring.results import Results
from measuring.table import Column
from symray.chem import DeepSmilesCodec
from symray.data import load_data
from symray.data.molecule_set import Molecules, MoleculeSet, store
from symray.data.zinc import ZINC
from symray.models.design import Design
from symray.models.presets import preset_settings
from symray.models.registry import MODELS
from symray.training.build import build_model
from symray.training.settings import resolve_settings
from symray.training.trainer import Trainer

STEPS = 2 if DEVICE == "cpu" else 50
LOAD = """
import json, resource, sys, time
import numpy as np
import symray.data
from pathlib import Path
from symray.data.molecule_set import MoleculeSet
from symray.data.zinc import ZINC
started = time.perf_counter()
data = MoleculeSet(Path(sys.argv[1]), "zinc", ZINC.form)
seconds = time.perf_counter() - started
int(np.asarray(data._stored).sum())  # every page is there
print(seconds, flush=True)
sys.stdin.readline()
size = pages = 0
for line in open("/proc/self/smaps"):
    if "-" in line.split(" ")[0]:
        counts = line.rstrip().endswith("stored.npy")
    elif counts and line.startswith("Rss"):
        size += int(line.split()[1])
    elif counts and line.startswith("Pss:"):
        pages += int(line.split()[1])
print(json.dumps([size, pages]), flush=True)
sys.stdin.readline()
"""


class Bare(nn.Module):
    """The paper's VAE for ZINC, by hand."""

    def __init__(self, length: int, symbols: int) -> None:
        super().__init__()
        self.length, self.symbols = length, symbols
        self.reader = nn.GRU(symbols, 12, batch_first=True)
        self.codes = nn.Sequential(nn.Linear(12 * length, 128), nn.ReLU(), nn.Linear(128, 20))
        self.log_sigma = nn.Parameter(torch.zeros(20))
        self.first = nn.Linear(20, 36)
        self.writer = nn.GRU(36, 501, 3, batch_first=True)
        self.last = nn.Linear(501, symbols)
        layers: list[nn.Module] = []
        for inputs, outputs in ((20, 36), (36, 36), (36, 36)):
            layers += [nn.Linear(inputs, outputs), nn.Softplus()]
        self.property = nn.Sequential(*layers, nn.Linear(36, 1))

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        states, _ = self.reader(one_hot(x, self.symbols).float())
        mu = self.codes(states.flatten(1))
        z = mu + self.log_sigma.exp() * torch.randn_like(mu)
        kl = (((2 * self.log_sigma).exp() + mu.square() - 1) / 2 - self.log_sigma).sum(1).mean()
        repeated = torch.relu(self.first(z)).unsqueeze(1).expand(-1, self.length, -1)
        logits = self.last(self.writer(repeated)[0])
        nats = cross_entropy(logits.flatten(0, 1), x.flatten(), reduction="sum") / len(x)
        loss: torch.Tensor = kl + nats + 3 * mse_loss(self.property(z), y)
        return loss


def random_molecules(folder: Path, count: int) -> MoleculeSet:
    codec = DeepSmilesCodec()
    rng = np.random.default_rng(0)
    indices = rng.integers(0, 36, (count, codec.length), dtype=np.uint8)
    names = [str(n) for n in range(len(indices))]
    y = rng.random((len(indices), 1))
    molecules = Molecules(codec, indices, y, names, False, [], len(indices))
    store(molecules, "random", "random", 1)(folder)
    return MoleculeSet(folder, "random", ZINC.form)


def training(
    results: Results, data: MoleculeSet, batch: int, rounds: int, steps: int = STEPS
) -> None:
    design = Design(MODELS["vae"], ZINC.form)
    given = {"batch_size": batch, "steps_per_epoch": steps}
    settings = resolve_settings(design, preset_settings("vae", "zinc"), given)
    trainer = Trainer(build_model(design, data.x_shape, 1, settings, 0), data, settings, 0, DEVICE)
    bare = Bare(*data.x_shape).to(DEVICE)
    optimiser = torch.optim.Adam(bare.parameters(), 1e-3, fused=True)
    drawn = data.epoch(batch, steps, torch.Generator().manual_seed(0))
    x, y = drawn.x.long().to(DEVICE), drawn.y.to(DEVICE)

    def by_hand() -> None:
        for step in range(steps):
            optimiser.zero_grad()
            bare(x[step], y[step]).backward()
            optimiser.step()

    times = interleaved({"by hand": by_hand, "Trainer": trainer.run_epoch}, rounds, DEVICE)
    table = results.table(
        DEVICE,
        f"{data.name}, batch {batch}, medians of {rounds} rounds of {steps} steps, {CLOCK[DEVICE]}",
        *(Column("loop"), Column("tokens a second", form=",.0f")),
        Column("of the time by hand", "x", ".2f"),
    )
    for name, taken in times.items():
        tokens = steps * batch * data.x_shape[0] / statistics.median(taken)
        table.add(name, tokens, ratio(times, name, "by hand"))


def start_and_memory(results: Results, data: MoleculeSet, counts: tuple[int, ...]) -> None:
    table = results.table(
        "start",
        f"Processes that load {data.name} at once, and the molecules in their memory",
        *(Column("processes"), Column("loaded in", "s", ".3f")),
        *(Column("all together", "MiB", ".1f"), Column("if each had its own", "MiB", ".1f")),
    )
    for count in counts:
        command = [sys.executable, "-c", LOAD, str(data._folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        children = [subprocess.Popen(command, **pipes) for _ in range(count)]  # type: ignore[call-overload]
        starts = [float(child.stdout.readline()) for child in children]
        for child in children:
            child.stdin.write("\n")
            child.stdin.flush()
        sizes = [json.loads(child.stdout.readline()) for child in children]
        for child in children:
            child.communicate("\n")
        own, pages = (sum(kib) / 1024 for kib in zip(*sizes, strict=True))
        table.add(count, max(starts), pages, own)


def measure(results: Results, options: Options) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        if options.quick:
            data = random_molecules(Path(scratch), 400)
            training(results, data, batch=2, rounds=1, steps=1)
            start_and_memory(results, data, (1,))
            return
        if ZINC.is_prepared():
            prepared = load_data("zinc")
            assert isinstance(prepared, MoleculeSet)
            data = prepared
        else:
            print("ZINC is not prepared; random codes")
            data = random_molecules(Path(scratch), 20_000)
        training(results, data, options.batch, options.rounds)
        start_and_memory(results, data, (1, 4))


def add_options(parser: Parser) -> None:
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)


if __name__ == "__main__":
    run(measure, add_options)
