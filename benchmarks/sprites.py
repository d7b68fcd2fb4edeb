"""How fast dSprites' images are drawn, and expanded from bits for training.

    python benchmarks/sprites.py

Drawing is compared with the same geometry written plainly in NumPy, an image at a time; expanding
with shifting the bits out in torch and with NumPy's unpackbits. With SYMRAY_DATA set, the agreement
with real images comes first.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from machine import machine
from numpy.typing import NDArray
from torch import Tensor

from symray.data.bits import pack, unpack
from symray.data.factors import DSPRITES
from symray.data.sprites import load_sprites, render

ROUNDS = 50
PLAIN_IMAGES = 2_000


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


def agreement(folder: str) -> None:
    real = load_sprites(Path(folder) / "dsprites_subset_64834.npz")
    bits = (
        np.unpackbits(p, axis=1) > 0 for p in (real.stored, render(DSPRITES.index(real.factors)))
    )
    a, b = bits
    overlap = (a & b).sum(axis=1) / (a | b).sum(axis=1)
    for shape, name in enumerate(("square", "ellipse", "heart")):
        own = real.factors[:, 0] == shape
        exact = (overlap[own] == 1).mean()
        wrong = (a != b)[own].sum() / own.sum()
        print(
            f"{name:<8} mean IoU {overlap[own].mean():.5f}, {exact:.1%} of {own.sum():,} images"
            f" exact, {wrong:.3f} pixels differ in the mean"
        )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    print(machine(), f"{torch.get_num_threads()} torch threads")
    print(f"first image, compiled or loaded: {seconds(lambda: render([0])):.2f} s")
    if folder := os.environ.get("SYMRAY_DATA"):
        agreement(folder)
    everything = np.arange(len(DSPRITES))
    some = np.random.default_rng(0).choice(everything, PLAIN_IMAGES)
    differing = np.bitwise_count(plain(some) ^ render(some)).sum()
    ours = min(seconds(lambda: render(everything)) for _ in range(2))
    plainly = seconds(lambda: plain(some)) * len(everything) / PLAIN_IMAGES
    print(
        f"full grid of {len(everything):,}: {ours:.1f} s; plain NumPy {plainly:.0f} s (from"
        f" {PLAIN_IMAGES:,}, {differing} pixels differ): {plainly / ours:.0f}x"
    )
    for batch in (64, 1024):
        packed = torch.from_numpy(render(some[:batch]))
        ways = {"gathered": unpack, "shifted": shifted, "NumPy": with_numpy}
        best = dict.fromkeys(ways, np.inf)
        for _ in range(ROUNDS):
            for name, way in ways.items():
                best[name] = min(best[name], seconds(partial(way, packed)))
        figures = ", ".join(f"{name} {best[name] * 1e6:.0f} us" for name in ways)
        print(f"expanding {batch:>5} images: {figures}")


if __name__ == "__main__":
    main()
