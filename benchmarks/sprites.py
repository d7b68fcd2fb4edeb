"""How fast dSprites' images are drawn, and expanded from bits for training.

    python benchmarks/sprites.py

Drawing is compared with the same geometry written plainly in NumPy, an image at a time; expanding
with shifting the bits out in torch and with NumPy's unpackbits. With SYMRAY_DATA set, the agreement
with real images is measured too.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from measuring.command import Options, run
from measuring.results import Results
from measuring.table import Column
from symray.data.bits import pack, unpack
from symray.data.factors import DSPRITES
from symray.data.sprites import load_sprites, render

ROUNDS = 50
PLAIN_IMAGES = 2_000
QUICK_IMAGES = 1_024


def plain(index: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Each image by its formula over all 64 x 64 pixels."""
    y, x = np.mgrid[:64, :64] + 0.5
    images = []
    for shape, scale, turn, across, down in DSPRITES.classes(index):
        angle, size = 2 * np.pi * turn / 39, 0.5 + 0.1 * scale
        dx, dy = x - 16 - 32 * across / 31, y - 16 - 32 * down / 31
        u = (np.cos(angle) * dx - np.sin(angle) * dy) / size
        v = (np.sin(angle) * dx + np.cos(angle) * dy) / size
        if shape == 0:
            images.append(np.maximum(abs(u), abs(v)) <= 9.6)
        elif shape == 1:
            images.append((u / 12.7637) ** 2 + (v / 7.2156) ** 2 <= 1)
        else:
            t = np.arcsin(np.cbrt(np.minimum(abs(u) / 9.5964, 1)))
            upper, lower = (
                -1.4375
                - 0.66199 * (13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a))
                for a in (t, np.pi - t)
            )
            images.append((abs(u) <= 9.5964) & (upper <= v) & (v <= lower))
    return pack(images)


def shifted(packed: Tensor) -> Tensor:
    places = torch.arange(7, -1, -1, dtype=torch.uint8)
    return ((packed.unsqueeze(-1) >> places) & 1).view(-1, 1, 64, 64).float()


def with_numpy(packed: Tensor) -> Tensor:
    bits = np.unpackbits(packed.numpy(), axis=1)
    return torch.from_numpy(bits).view(-1, 1, 64, 64).float()


def agreement(results: Results, folder: str) -> None:
    table = results.table(
        "agreement",
        "The embedded renderer against real images",
        *(Column("shape"), Column("images", form=","), Column("mean IoU", form=".5f")),
        *(Column("equal in every pixel", "%", ".1f"), Column("pixels that differ", form=".3f")),
    )
    real = load_sprites(Path(folder) / "dsprites_subset_64834.npz")
    bits = (
        np.unpackbits(p, axis=1) > 0 for p in (real.stored, render(DSPRITES.index(real.factors)))
    )
    a, b = bits
    overlap = (a & b).sum(axis=1) / (a | b).sum(axis=1)
    for shape, name in enumerate(("square", "ellipse", "heart")):
        own = real.factors[:, 0] == shape
        exact = 100 * (overlap[own] == 1).mean()
        wrong = (a != b)[own].sum() / own.sum()
        table.add(name, own.sum(), overlap[own].mean(), exact, wrong)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def drawing(results: Results, quick: bool) -> NDArray[np.int64]:
    """Draw all images; returns those that were also drawn plainly."""
    everything = np.arange(len(DSPRITES))[: QUICK_IMAGES if quick else None]
    some = np.random.default_rng(0).choice(everything, QUICK_IMAGES if quick else PLAIN_IMAGES)
    table = results.table(
        "drawing",
        f"Drawing with {torch.get_num_threads()} threads; plain NumPy from {len(some):,} images",
        *(Column("images", form=","), Column("first image", "s", ".2f")),
        *(Column("all", "s", ".2f"), Column("plain NumPy", "s", ".0f")),
        *(Column("plain / ours", "x", ".0f"), Column("pixels that differ")),
    )
    first = seconds(lambda: render([0]))
    differing = np.bitwise_count(plain(some) ^ render(some)).sum()
    ours = min(seconds(lambda: render(everything)) for _ in range(2))
    plainly = seconds(lambda: plain(some)) * len(everything) / len(some)
    table.add(len(everything), first, ours, plainly, plainly / ours, differing)
    return some


def expanding(results: Results, some: NDArray[np.int64], rounds: int) -> None:
    table = results.table(
        "expanding",
        f"Expanding packed bits to float32, the best of {rounds}",
        *(Column("images", form=","), Column("gathered", "us", ",.0f")),
        *(Column("shifted in torch", "us", ",.0f"), Column("NumPy's unpackbits", "us", ",.0f")),
    )
    for batch in (64, 1024):
        packed = torch.from_numpy(render(some[:batch]))
        ways = (unpack, shifted, with_numpy)
        best = [np.inf] * len(ways)
        for _ in range(rounds):
            for place, way in enumerate(ways):
                best[place] = min(best[place], seconds(partial(way, packed)))
        table.add(batch, *(1e6 * taken for taken in best))


def measure(results: Results, options: Options) -> None:
    some = drawing(results, options.quick)
    if (folder := os.environ.get("SYMRAY_DATA")) and not options.quick:
        agreement(results, folder)
    expanding(results, some, 2 if options.quick else ROUNDS)


if __name__ == "__main__":
    run(measure)
