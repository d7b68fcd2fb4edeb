"""What the Trainer costs on images: a step of Non-Syn VAE and of FactorVAE on dSprites.

At the paper's size (batch 64, 32 to 64 channels), in milliseconds per step, all phases of it, of
processor time or on a GPU, where there is one, by the clock:

- naive: as one writes it at first: default Adam, ``backward()`` through everything, images unpacked
  by NumPy in the step, losses logged by ``.item()``, the greedy policy of Non-Syn VAE in Python;
- by hand: a good loop of the same step as the Trainer's: gradients of the phase's parameters
  only, fused Adam, batches and noise drawn many steps at a time, losses kept until the end;
- Trainer, contiguous: with contiguous instead of channels-last parameters;
- Trainer: the Trainer's ``run_epoch``.

They are interleaved, so that what else the machine does hits all alike; ratios are medians of the
rounds' ratios:

    python benchmarks/sprites_step.py [--rounds 10]
"""

import os
import statistics
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from measuring.command import Options, Parser, run
from measuring.interleaved import CLOCK, DEVICE, interleaved, on_device, ratio
from measuring.results import Results
from measuring.table import Column
from symray.data import load_data
from symray.data.bits import unpack
from symray.metrics.synergy import worst_by_kl
from symray.networks import Convolutional
from symray.training.build import build_trainer
from symray.training.spec import TrialSpec

STEPS = 10 if DEVICE == "cpu" else 100
BATCH, LATENTS = 64, 10
ALPHA, OMEGA, GAMMA = 5.0, 0.9, 10.0
DATA = {"dsprites": [1, 1, 4, 2, 2]}
QUICK_DATA = {"dsprites": [1, 2, 10, 6, 8]}

Epoch = Callable[[], object]


class Nets(nn.Module):
    """The paper's architecture, as nn.Sequential."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Conv2d(64, 64, 4, 2, 1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(1024, 128), nn.Linear(128, 2 * LATENTS)),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(LATENTS, 128), nn.ReLU(), nn.Linear(128, 1024), nn.ReLU()),
            *(nn.Unflatten(1, (64, 4, 4)), nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1)),
        )
        wide = [LATENTS, *[1000] * 6]
        hidden = [
            layer
            for i in range(6)
            for layer in (nn.Linear(wide[i], wide[i + 1]), nn.LeakyReLU(0.2))
        ]
        self.discriminator = nn.Sequential(*hidden, nn.Linear(1000, 2))

    def elbo(self, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Codes (B, Z), KL of each latent (Z,), and both terms ()."""
        mu, logvar = self.encoder(x).chunk(2, 1)
        z = mu + (logvar / 2).exp() * eps
        logits = self.decoder(z)
        x_rec = binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        kl = latent_kl(mu, logvar)
        return z, kl, kl.sum(), x_rec


def latent_kl(mu: Tensor, logvar: Tensor) -> Tensor:
    return ((mu.square() + logvar.exp() - 1 - logvar) / 2).mean(0)


def greedy(kl: list[float]) -> list[int]:
    """The policy as one writes it: the latents that are left out."""
    best: list[int] = []
    information = 0.0
    while True:
        base, taken = list(best), None
        for c in range(len(kl)):
            if c not in base:
                new = sum(kl[i] for i in [*base, c])
                if (OMEGA * new if base else new) > information:
                    information, taken = new, c
        if taken is None:
            return [c for c in range(len(kl)) if c not in best]
        best = [*base, taken]


def naive(model: str, stored: np.ndarray, steps: int) -> Epoch:
    nets = Nets()
    adam = torch.optim.Adam([*nets.encoder.parameters(), *nets.decoder.parameters()], lr=1e-4)
    other = torch.optim.Adam(nets.discriminator.parameters(), lr=1e-4, betas=(0.5, 0.9))
    history: list[dict[str, float]] = []

    def batch() -> Tensor:
        rows = np.random.randint(len(stored), size=BATCH)
        images = np.unpackbits(stored[rows], axis=1)
        return torch.from_numpy(images).to(DEVICE).view(-1, 1, 64, 64).float()

    def codes(x: Tensor) -> Tensor:
        mu, logvar = nets.encoder(x).chunk(2, 1)
        z: Tensor = mu + (logvar / 2).exp() * torch.randn(BATCH, LATENTS)
        return z

    def epoch() -> None:
        for _ in range(steps):
            x = batch()
            z, _, kl, x_rec = nets.elbo(x, torch.randn(BATCH, LATENTS))
            loss = kl + x_rec
            logs = {"kl": kl, "x": x_rec}
            if model == "factor_vae":
                logits = nets.discriminator(z)
                logs["tc"] = (logits[:, 0] - logits[:, 1]).mean()
                loss = loss + GAMMA * logs["tc"]
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            if model == "factor_vae":
                permuted = codes(batch())
                permuted = torch.stack([c[torch.randperm(BATCH)] for c in permuted.T], 1)
                real, fake = nets.discriminator(codes(x)), nets.discriminator(permuted)
                zeros = torch.zeros(BATCH, dtype=torch.long)
                second = (cross_entropy(real, zeros) + cross_entropy(fake, zeros + 1)) / 2
                other.zero_grad()
                second.backward()  # type: ignore[no-untyped-call]
                other.step()
            else:
                kls = latent_kl(*nets.encoder(batch()).chunk(2, 1))
                worst = greedy(kls.tolist())
                second = ALPHA * kls[worst].sum()
                adam.zero_grad()
                second.backward()  # type: ignore[no-untyped-call]
                adam.step()
            logs["second"] = second
            history.append({name: value.item() for name, value in logs.items()})

    return epoch


def bare(model: str, stored: Tensor, steps: int) -> Epoch:
    nets = Nets()
    parts = [[*nets.encoder.parameters()], [*nets.encoder.parameters()]]
    parts[0] += nets.decoder.parameters()
    adam = torch.optim.AdamW(parts[0], 1e-4, weight_decay=0, fused=True)
    optimisers = [adam, adam]
    if model == "factor_vae":
        parts[1] = [*nets.discriminator.parameters()]
        optimisers[1] = torch.optim.AdamW(parts[1], 1e-4, (0.5, 0.9), weight_decay=0, fused=True)
    zeros = torch.zeros(BATCH, dtype=torch.long)

    def update(which: int, loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss, parts[which])
        for p, gradient in zip(parts[which], gradients, strict=True):
            p.grad = gradient
        optimisers[which].step()
        for p in parts[which]:
            p.grad = None

    def codes(x: Tensor, eps: Tensor) -> Tensor:
        mu, logvar = nets.encoder(x).chunk(2, 1)
        z: Tensor = mu + (logvar / 2).exp() * eps
        return z

    def epoch() -> None:
        rows = torch.randint(len(stored), (steps, 2, BATCH))
        batches, noise = stored[rows], torch.randn(steps, 4, BATCH, LATENTS)
        history = []
        for step in range(steps):
            x, x2 = unpack(batches[step, 0]), unpack(batches[step, 1])
            z, kls, kl, x_rec = nets.elbo(x, noise[step, 0])
            loss = kl + x_rec
            logs = [kl, x_rec]
            if model == "factor_vae":
                logits = nets.discriminator(z)
                tc = (logits[:, 0] - logits[:, 1]).mean()
                loss = loss + GAMMA * tc
                with torch.no_grad():
                    worst = worst_by_kl(kls, OMEGA)
                    logs += [tc, torch.where(worst, kls, 0).sum()]
            update(0, loss)
            if model == "factor_vae":
                with torch.no_grad():
                    z, permuted = codes(x, noise[step, 1]), codes(x2, noise[step, 2])
                    permuted = permuted.gather(0, noise[step, 3].argsort(0))
                real, fake = nets.discriminator(z), nets.discriminator(permuted)
                second = (cross_entropy(real, zeros) + cross_entropy(fake, zeros + 1)) / 2
            else:
                kls = latent_kl(*nets.encoder(x2).chunk(2, 1))
                worst = worst_by_kl(kls.detach(), OMEGA)
                second = ALPHA * torch.where(worst, kls, 0).sum()
            update(1, second)
            history.append([value.detach() for value in (*logs, loss, second)])
        torch.stack([torch.stack(values) for values in history]).mean(0).tolist()

    return epoch


def trainer(model: str, data: Any, steps: int) -> Epoch:
    settings: dict[str, float | int] = {
        "batch_size": BATCH,
        "steps_per_epoch": steps,
        "latent_dims": LATENTS,
    }
    return build_trainer(TrialSpec(model, data, settings, seed=0), device=DEVICE).run_epoch


def contiguous_trainer(model: str, data: Any, steps: int) -> Epoch:
    fast = Convolutional.memory_format
    Convolutional.memory_format = torch.contiguous_format
    try:
        return trainer(model, data, steps)
    finally:
        Convolutional.memory_format = fast


def measure(results: Results, options: Options) -> None:
    torch.set_num_threads(1)
    data, rounds, steps = (QUICK_DATA, 1, 1) if options.quick else (DATA, options.rounds, STEPS)
    table = results.table(
        DEVICE,
        f"A step, batch {BATCH}, medians of {rounds} rounds of {steps} steps, {CLOCK[DEVICE]}",
        *(Column("model"), Column("loop"), Column("a step", "ms", ".1f")),
        Column("of the loop by hand", "x", ".2f"),
    )
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("SYMRAY_CACHE", cache)
        stored = load_data(data).split("validation").x
        for model, name in (("non_syn", "Non-Syn VAE"), ("factor_vae", "FactorVAE")):
            loops = {
                "naive": on_device(naive, model, stored.numpy(), steps),
                "by hand": on_device(bare, model, stored.to(DEVICE), steps),
                "Trainer, contiguous": contiguous_trainer(model, data, steps),
                "Trainer, channels last": trainer(model, data, steps),
            }
            times = interleaved(loops, rounds, DEVICE)
            for loop, values in times.items():
                step = 1e3 * statistics.median(values) / steps
                table.add(name, loop, step, ratio(times, loop, "by hand"))


def add_options(parser: Parser) -> None:
    parser.add_argument("--rounds", type=int, default=10)


if __name__ == "__main__":
    run(measure, add_options)
